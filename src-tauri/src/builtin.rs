//! The demo host as the engine's built-in host.

use std::path::PathBuf;

use bowline_core::engine::{Builtin, StartBuiltin};
use bowline_demo::{DemoConfig, DemoHost};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::Mutex;

/// Runs from the first time that somebody opens it to the end of the app. Its files are what its shell sees, beginning at the
/// person's home: a file that is dropped on its terminal goes to the directory of the shell.
pub struct DemoBuiltin {
    home: PathBuf,
    running: Mutex<Option<DemoHost>>,
}

impl DemoBuiltin {
    pub fn new(home: PathBuf) -> Self {
        Self { home, running: Mutex::default() }
    }

    fn config(&self) -> DemoConfig {
        match self.home.to_str() {
            Some(home) if cfg!(unix) => {
                DemoConfig { files: PathBuf::from("/"), start: home.to_owned(), shell: None }
            }
            // Drives have no common root, and a home whose name is no text has no path in this server's words.
            _ => DemoConfig { files: self.home.clone(), start: String::new(), shell: None },
        }
    }
}

impl StartBuiltin for DemoBuiltin {
    fn start(&self) -> BoxFuture<'_, Result<Builtin, String>> {
        async {
            let mut running = self.running.lock().await;
            let host = match running.take() {
                Some(host) => host,
                None => DemoHost::start(self.config()).await.map_err(|error| error.to_string())?,
            };
            let builtin = Builtin {
                address: host.address(),
                user: host.user().to_owned(),
                host_key: host.host_key(),
                client_key: host.client_key(),
            };
            *running = Some(host);
            Ok(builtin)
        }
        .boxed()
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        async {
            if let Some(host) = self.running.lock().await.take() {
                host.shutdown().await;
            }
        }
        .boxed()
    }
}
