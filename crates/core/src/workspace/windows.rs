//! Which tab lies in which window. A terminal is shown by one window at a time; a tab that is on its way to another one lies
//! there from the moment that it was sent, whatever the pages of the two do meanwhile. Pure: it opens no window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::document::{VERSION, Workspace, WorkspaceTab, WorkspaceWindow};
use crate::error::{Error, ErrorCode, Result};
use crate::host::HostId;
use crate::terminal::state::{TerminalId, TerminalView};

/// Each is a browser of its own, and costs as much.
const WINDOWS_MAX: usize = 16;

/// The name of a window in this run, never used twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct WindowId(pub String);

impl WindowId {
    /// The window that there is at the start.
    pub fn main() -> Self {
        Self("main".to_owned())
    }
}

/// What windows know of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WindowsView {
    /// In the order of their numbers.
    pub windows: Vec<WindowView>,
    /// The one that a person used last. What is told once is told there.
    pub front: WindowId,
    /// The one that shows the questions to the person. It stays the same while any waits.
    pub asks: WindowId,
}

/// One window as the others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WindowView {
    pub id: WindowId,
    /// As a person counts; the main window is 1.
    pub number: u32,
    pub tabs: Vec<WindowTab>,
    /// Tabs of it that its page does not show yet.
    pub arriving: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct WindowTab {
    pub host: HostId,
    /// A name that a person gave.
    pub name: Option<String>,
}

/// Every window that is open, and what lies there.
#[derive(Debug)]
pub struct Windows {
    open: BTreeMap<WindowId, Open>,
    /// How many were opened in this run.
    opened: u32,
    /// Which window a terminal was opened in, or was given to.
    holders: BTreeMap<TerminalId, WindowId>,
    front: WindowId,
    /// The one that a person came to last, while its page has not spoken: it would hear nothing that is told there.
    awaited: Option<WindowId>,
    asks: WindowId,
}

#[derive(Debug)]
struct Open {
    number: u32,
    /// Its page is there, and hears what is told.
    listens: bool,
    /// What its page said last.
    said: Option<WorkspaceWindow>,
    /// Tabs that its page has not spoken of yet.
    arriving: Vec<WorkspaceTab>,
}

impl Windows {
    /// Only the main window is open.
    pub fn new() -> Self {
        let main = Open { number: 1, listens: false, said: None, arriving: Vec::new() };
        Self {
            open: BTreeMap::from([(WindowId::main(), main)]),
            opened: 1,
            holders: BTreeMap::new(),
            front: WindowId::main(),
            awaited: None,
            asks: WindowId::main(),
        }
    }

    /// Another window, with tabs that lie elsewhere until now.
    ///
    /// # Errors
    /// [`ErrorCode::WindowLimit`] when there are too many.
    pub fn open(&mut self, mut said: WorkspaceWindow) -> Result<WindowId> {
        if self.open.len() >= WINDOWS_MAX {
            let message =
                format!("{WINDOWS_MAX} windows are open, and there can be no more. Close one first.");
            return Err(Error::new(ErrorCode::WindowLimit, message).with("limit", WINDOWS_MAX));
        }
        self.opened += 1;
        let id = WindowId(format!("window-{}", self.opened));
        let taken = |number: &u32| self.open.values().any(|one| one.number == *number);
        let number = (2..).find(|number| !taken(number)).unwrap_or(self.opened);
        let tabs = std::mem::take(&mut said.tabs);
        let window = Open { number, listens: false, said: Some(said), arriving: Vec::new() };
        self.open.insert(id.clone(), window);
        self.give(&id, tabs)?;
        Ok(id)
    }

    /// Moves tabs to a window that is open.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Internal`] when it is not open any more.
    pub fn give(&mut self, to: &WindowId, tabs: Vec<WorkspaceTab>) -> Result<()> {
        if !self.open.contains_key(to) {
            return Err(Error::internal("the window is not open any more"));
        }
        let moved: Vec<TerminalId> = tabs.iter().filter_map(|tab| tab.terminal).collect();
        for window in self.open.values_mut() {
            window.drop_tabs(&moved);
        }
        self.holders.extend(moved.into_iter().map(|terminal| (terminal, to.clone())));
        if let Some(window) = self.open.get_mut(to) {
            window.arriving.extend(tabs);
        }
        Ok(())
    }

    /// What a page says of its window. Tabs that it had and that were moved meanwhile are none of its own any more. False for a
    /// window that was closed.
    pub fn save(&mut self, id: &WindowId, mut said: WorkspaceWindow) -> bool {
        let Some(window) = self.open.get_mut(id) else { return false };
        let elsewhere = |terminal: TerminalId| self.holders.get(&terminal).is_some_and(|holder| holder != id);
        said.tabs.retain(|tab| !tab.terminal.is_some_and(elsewhere));
        let shows = |terminal| said.tabs.iter().any(|tab| tab.terminal == Some(terminal));
        window.arriving.retain(|tab| !tab.terminal.is_some_and(shows));
        window.said = Some(said);
        window.listens = true;
        if self.awaited.as_ref() == Some(id) {
            self.focus(id);
        }
        true
    }

    /// A window was closed: what lay there goes to the main window, or to the one used last if that is closed too. The last
    /// window keeps what it has, for the next start. `terminals` are all that there are.
    pub fn close(&mut self, id: &WindowId, terminals: &[TerminalView]) -> Option<WindowId> {
        if self.open.len() < 2 {
            return None;
        }
        let mut closed = self.open.remove(id)?;
        self.awaited.take_if(|awaited| awaited == id);
        if self.front == *id {
            self.front = self.first();
        }
        let heir =
            if self.open.contains_key(&WindowId::main()) { WindowId::main() } else { self.front.clone() };
        if self.asks == *id {
            self.asks = self.front.clone();
        }
        let mut tabs = closed.said.take().map(|said| said.tabs).unwrap_or_default();
        tabs.append(&mut closed.arriving);
        // Opened so lately that its page had not spoken of it.
        for view in terminals {
            let held = self.holders.get(&view.id) == Some(id);
            if held && !tabs.iter().any(|tab| tab.terminal == Some(view.id)) {
                tabs.push(tab_of(view));
            }
        }
        tabs.retain(|tab| terminals.iter().any(|view| Some(view.id) == tab.terminal));
        let _ = self.give(&heir, tabs);
        // Whatever else it held: no window may show what one holds that is gone.
        self.holders.values_mut().filter(|holder| *holder == id).for_each(|holder| holder.clone_from(&heir));
        Some(heir)
    }

    /// A person uses this window now. Until its page has spoken, what is told once is told where it was told before.
    pub fn focus(&mut self, id: &WindowId) {
        let Some(window) = self.open.get(id) else { return };
        let listens = window.listens;
        self.awaited = (!listens).then(|| id.clone());
        if listens {
            self.front = id.clone();
        }
    }

    /// No question waits: the next one is asked where the person is.
    pub fn ask_in_front(&mut self) {
        self.asks = self.front.clone();
    }

    /// A terminal was opened in this window. False if that was closed meanwhile: the terminal is sent home, unless a window shows
    /// it already.
    pub fn hold(&mut self, view: &TerminalView, id: &WindowId) -> bool {
        if self.open.contains_key(id) {
            self.holders.insert(view.id, id.clone());
            return true;
        }
        if self.holder_of(view.id).is_none() {
            let _ = self.give(&self.home(), vec![tab_of(view)]);
        }
        false
    }

    /// Whether this window may show it: no other one holds it.
    pub fn may_show(&self, terminal: TerminalId, id: &WindowId) -> bool {
        self.holders.get(&terminal).is_none_or(|holder| holder == id)
    }

    /// A terminal was closed.
    pub fn forget(&mut self, terminal: TerminalId) {
        self.holders.remove(&terminal);
        for window in self.open.values_mut() {
            window.drop_tabs(&[terminal]);
        }
    }

    /// What lies in a window, with the tabs that its page has not seen yet.
    pub fn state(&self, id: &WindowId) -> Option<WorkspaceWindow> {
        let window = self.open.get(id)?;
        if window.arriving.is_empty() {
            return window.said.clone();
        }
        let mut state = window.said.clone().unwrap_or_default();
        state.tabs.extend(window.arriving.iter().cloned());
        Some(state)
    }

    /// Those that a window may show. What no window spoke of yet is the main one's.
    pub fn terminals_of(&self, id: &WindowId, mut all: Vec<TerminalView>) -> Vec<TerminalView> {
        all.retain(|view| match self.holder_of(view.id) {
            Some(holder) => holder == id,
            None => *id == self.home(),
        });
        all
    }

    /// All of it, to be kept. Nothing until a page has spoken.
    pub fn document(&self) -> Option<Workspace> {
        if self.open.values().all(|window| window.said.is_none()) {
            return None;
        }
        let main = self.state(&WindowId::main()).unwrap_or_default();
        let others = self.in_order().filter(|(id, _)| **id != WindowId::main());
        Some(Workspace {
            version: VERSION,
            layout: main.layout,
            tabs: main.tabs,
            windows: others.filter_map(|(id, _)| self.state(id)).collect(),
            saved_at_ms: 0.0,
            more: main.more,
        })
    }

    pub fn view(&self) -> WindowsView {
        let windows = self.in_order().map(|(id, window)| WindowView {
            id: id.clone(),
            number: window.number,
            tabs: window
                .tabs()
                .map(|tab| WindowTab { host: tab.host.clone(), name: tab.name.clone() })
                .collect(),
            arriving: u32::try_from(window.arriving.len()).unwrap_or(u32::MAX),
        });
        WindowsView { windows: windows.collect(), front: self.front.clone(), asks: self.asks.clone() }
    }

    /// The window that a person used last.
    pub fn front(&self) -> &WindowId {
        &self.front
    }

    fn in_order(&self) -> impl Iterator<Item = (&WindowId, &Open)> {
        let mut windows: Vec<_> = self.open.iter().collect();
        windows.sort_by_key(|(_, window)| window.number);
        windows.into_iter()
    }

    fn first(&self) -> WindowId {
        self.in_order().next().map_or_else(WindowId::main, |(id, _)| id.clone())
    }

    fn home(&self) -> WindowId {
        self.first()
    }

    fn holder_of(&self, terminal: TerminalId) -> Option<&WindowId> {
        self.holders.get(&terminal).or_else(|| {
            let shows = |window: &&Open| window.tabs().any(|tab| tab.terminal == Some(terminal));
            self.open.iter().find(|(_, window)| shows(window)).map(|(id, _)| id)
        })
    }
}

impl Default for Windows {
    fn default() -> Self {
        Self::new()
    }
}

impl Open {
    fn tabs(&self) -> impl Iterator<Item = &WorkspaceTab> {
        self.said.iter().flat_map(|said| &said.tabs).chain(&self.arriving)
    }

    fn drop_tabs(&mut self, terminals: &[TerminalId]) {
        let stays = |tab: &WorkspaceTab| !tab.terminal.is_some_and(|id| terminals.contains(&id));
        self.arriving.retain(stays);
        if let Some(said) = &mut self.said {
            said.tabs.retain(stays);
        }
    }
}

fn tab_of(view: &TerminalView) -> WorkspaceTab {
    WorkspaceTab {
        id: format!("terminal-{}", view.id.0),
        host: view.host_id.clone(),
        name: None,
        terminal: Some(view.id),
        kept: None,
        facts: Default::default(),
        more: Default::default(),
    }
}

#[cfg(test)]
mod tests;
