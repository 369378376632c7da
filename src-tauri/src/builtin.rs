//! The demo host as the engine's built-in host.

use std::path::PathBuf;

use bowline_core::engine::{Builtin, StartBuiltin};
use bowline_demo::{DemoConfig, DemoHost};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::Mutex;

/// Runs from the first time that somebody opens it to the end of the app.
pub struct DemoBuiltin {
    files: PathBuf,
    running: Mutex<Option<DemoHost>>,
}

impl DemoBuiltin {
    /// `files` is what its SFTP shows; it is made when the host starts.
    pub fn new(files: PathBuf) -> Self {
        Self { files, running: Mutex::default() }
    }
}

impl StartBuiltin for DemoBuiltin {
    fn start(&self) -> BoxFuture<'_, Result<Builtin, String>> {
        async {
            let mut running = self.running.lock().await;
            let host = match running.take() {
                Some(host) => host,
                None => {
                    let made = tokio::fs::create_dir_all(&self.files).await;
                    made.map_err(|error| {
                        format!("its folder {} could not be made: {error}", self.files.display())
                    })?;
                    let config = DemoConfig { files: self.files.clone(), shell: None };
                    DemoHost::start(config).await.map_err(|error| error.to_string())?
                }
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
