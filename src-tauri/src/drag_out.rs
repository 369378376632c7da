//! Files of a host on their way into another program, by GTK. The page's drag names them by [`SCHEME`] and an id; in its place another
//! program gets the paths here, and waits a moment for them. Elsewhere a web view gives away only what is here already.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bowline_core::engine::Engine;
use bowline_core::engine::drag_out::DraggedFiles;
use gtk::gdk::{DragContext, Window, WindowType};
use gtk::glib::{self, ControlFlow, MainContext, SignalHandlerId};
use gtk::prelude::*;
use tauri::{Manager, WebviewWindow};

/// As in `ui/src/drop/drag-out.ts`.
const SCHEME: &str = "bowline-files:";
const URI_LIST: &str = "text/uri-list";
/// WebKit offers the first of a list by itself as well.
const URL: &str = "_NETSCAPE_URL";
/// Some programs ask once, while the pointer is over them. The drag stands still for as long.
const WAITS_BEFORE: Duration = Duration::from_millis(1000);
/// Those who wait for a drop give up on their own, Qt after 5 s and GTK after 30 s; the window shows little else meanwhile.
const WAITS_AFTER: Duration = Duration::from_secs(8);
/// How often we look; the desktop's own events come in between.
const LOOK: Duration = Duration::from_millis(20);

/// One drag out of a window.
#[derive(Debug, Default)]
struct Drag {
    let_go: Cell<bool>,
    /// Whether it was waited for before it was let go: once is enough.
    has_waited: Cell<bool>,
    /// Another question may come while we wait.
    waits: Cell<bool>,
}

/// Call for each new window.
pub fn follow(window: &WebviewWindow) -> tauri::Result<()> {
    let app = window.app_handle().clone();
    window.with_webview(move |page| {
        // The window is built once the engine has started.
        if let Some(engine) = app.try_state::<Engine>() {
            connect(&page.inner(), engine.inner());
        }
    })
}

fn connect(page: &impl IsA<gtk::Widget>, engine: &Engine) {
    let engine = engine.clone();
    let answers = RefCell::new(None);
    page.connect_drag_begin(move |page, context| {
        let drag = Rc::new(Drag::default());
        let (let_go, engine_of_drop) = (drag.clone(), engine.clone());
        context.connect_drop_performed(move |context, _| {
            let_go.let_go.set(true);
            if !is_over_us(context) {
                engine_of_drop.drag_out_let_go();
            }
        });
        // Behind the page's own answer, which is to be replaced: WebKit gives it from its first drag on.
        if let Some(before) = answers.replace(Some(answer(page, drag, engine.clone()))) {
            page.disconnect(before);
        }
    });
}

/// Tells other programs where the files are.
fn answer(page: &impl IsA<gtk::Widget>, drag: Rc<Drag>, engine: Engine) -> SignalHandlerId {
    page.connect_drag_data_get(move |_, context, data, _, _| {
        let target = data.target();
        match target.name().as_str() {
            URI_LIST => {
                let Some(id) = dragged_id(&data.uris()) else { return };
                let files = if is_over_us(context) { Vec::new() } else { drag.files(&engine, &id) };
                let uris = files.iter().filter_map(|file| glib::filename_to_uri(file, None).ok());
                let uris = uris.collect::<Vec<_>>();
                if !uris.is_empty() {
                    engine.drag_out_given(&id);
                }
                data.set_uris(&uris.iter().map(glib::GString::as_str).collect::<Vec<_>>());
            }
            // A field would take our own name of the drag for a text.
            URL if data.length() > 0 && data.data().starts_with(SCHEME.as_bytes()) => {
                data.set(&target, 8, &[])
            }
            _ => {}
        }
    })
}

fn dragged_id(uris: &[glib::GString]) -> Option<String> {
    let [uri] = uris else { return None };
    uri.strip_prefix(SCHEME).map(str::to_owned)
}

/// Our own windows take a drag of ours by what the page says of it, and must not wait for themselves.
fn is_over_us(context: &DragContext) -> bool {
    below(context).is_some_and(|window| window.window_type() != WindowType::Foreign)
}

/// The window that the pointer is over; none over the bare desktop, and where Wayland keeps it to itself.
#[allow(unsafe_code, reason = "gdk-rs takes it for granted that there is one")]
fn below(context: &DragContext) -> Option<Window> {
    use gtk::gdk::ffi::gdk_drag_context_get_dest_window as dest_window;
    use gtk::glib::translate::{ToGlibPtr, from_glib_none};

    // SAFETY: the context is alive, and a window that it names is ours only by the reference that is taken here.
    unsafe { from_glib_none(dest_window(context.to_glib_none().0)) }
}

impl Drag {
    /// Where the files are, as soon as they are here; none if that takes too long.
    fn files(&self, engine: &Engine, id: &str) -> Vec<PathBuf> {
        if engine.dragged_files(id) == DraggedFiles::NotFetched {
            // Wayland does not tell which window asks. One of ours does before the pointer was ever out.
            if !self.let_go.get() {
                return Vec::new();
            }
            let (engine, id) = (engine.clone(), id.to_owned());
            tauri::async_runtime::spawn(async move { engine.drag_out_fetch(id).await });
        }
        if !self.waits.replace(true) {
            if self.let_go.get() {
                wait(engine, id, WAITS_AFTER);
            } else if !self.has_waited.replace(true) {
                wait(engine, id, WAITS_BEFORE);
            }
            self.waits.set(false);
        }
        match engine.dragged_files(id) {
            DraggedFiles::Here(files) => files,
            DraggedFiles::NotFetched | DraggedFiles::Fetching | DraggedFiles::Failed => Vec::new(),
        }
    }
}

/// The desktop's events go on: a window that answers nobody is taken for dead.
fn wait(engine: &Engine, id: &str, limit: Duration) {
    let until = Instant::now() + limit;
    let look = glib::timeout_add_local(LOOK, || ControlFlow::Continue);
    let is_coming = || matches!(engine.dragged_files(id), DraggedFiles::NotFetched | DraggedFiles::Fetching);
    while is_coming() && Instant::now() < until {
        MainContext::default().iteration(true);
    }
    look.remove();
}
