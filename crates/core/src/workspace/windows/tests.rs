use super::*;
use crate::terminal::state::{TerminalFacts, TerminalState};

fn view(id: u32) -> TerminalView {
    TerminalView {
        id: TerminalId(id),
        host_id: HostId("h".into()),
        state: TerminalState::Running,
        facts: TerminalFacts::default(),
    }
}

fn tab(id: u32) -> WorkspaceTab {
    WorkspaceTab { id: format!("tab-{id}"), ..tab_of(&view(id)) }
}

fn part(ids: &[u32]) -> WorkspaceWindow {
    WorkspaceWindow { tabs: ids.iter().copied().map(tab).collect(), ..WorkspaceWindow::default() }
}

/// The tabs of a window, those that its page has not seen yet too.
fn tabs(windows: &Windows, id: &WindowId) -> Vec<String> {
    windows.state(id).map(|state| state.tabs.into_iter().map(|tab| tab.id).collect()).unwrap_or_default()
}

fn arriving(windows: &Windows, id: &WindowId) -> u32 {
    windows.view().windows.iter().find(|window| window.id == *id).map_or(0, |window| window.arriving)
}

/// Terminals 1 to 3 in the main window, of which the third was torn off.
fn torn() -> (Windows, WindowId) {
    let mut windows = Windows::new();
    (1..=3).for_each(|id| assert!(windows.hold(&view(id), &WindowId::main())));
    assert!(windows.save(&WindowId::main(), part(&[1, 2, 3])));
    let other = windows.open(part(&[3])).expect("a window");
    (windows, other)
}

#[test]
fn a_torn_off_tab_lies_in_its_new_window_before_that_has_a_page() {
    let (windows, other) = torn();
    assert_eq!(tabs(&windows, &WindowId::main()), ["tab-1", "tab-2"]);
    assert_eq!(tabs(&windows, &other), ["tab-3"]);
    assert_eq!(arriving(&windows, &other), 1);
    assert!(windows.may_show(TerminalId(3), &other) && !windows.may_show(TerminalId(3), &WindowId::main()));
}

#[test]
fn a_window_is_in_front_once_a_person_is_there_and_its_page_has_spoken() {
    let (mut windows, other) = torn();
    assert_eq!(windows.front(), &WindowId::main());
    windows.focus(&other);
    assert_eq!(windows.front(), &WindowId::main(), "nobody listens there yet");
    windows.save(&other, part(&[3]));
    assert_eq!(windows.front(), &other);
    // A person who went back meanwhile stays there.
    windows.focus(&WindowId::main());
    let third = windows.open(part(&[2])).expect("a window");
    windows.focus(&third);
    windows.focus(&WindowId::main());
    windows.save(&third, part(&[2]));
    assert_eq!(windows.front(), &WindowId::main());
}

#[test]
fn a_terminal_that_comes_to_a_closed_window_is_sent_home() {
    let (mut windows, other) = torn();
    windows.save(&other, part(&[3]));
    windows.close(&other, &[view(1), view(2), view(3)]);
    windows.save(&WindowId::main(), part(&[1, 2, 3]));
    assert!(!windows.hold(&view(4), &other));
    assert_eq!(tabs(&windows, &WindowId::main()), ["tab-1", "tab-2", "tab-3", "terminal-4"]);
    assert_eq!(arriving(&windows, &WindowId::main()), 1);
    assert!(windows.may_show(TerminalId(4), &WindowId::main()));
    assert_eq!(windows.terminals_of(&WindowId::main(), vec![view(4)]).len(), 1);
    // One that a window shows stays there.
    assert!(!windows.hold(&view(3), &other));
    assert_eq!(arriving(&windows, &WindowId::main()), 1);
}

#[test]
fn a_closed_window_holds_nothing() {
    let (mut windows, other) = torn();
    windows.hold(&view(4), &other);
    // Opened since it was asked which terminals there are.
    windows.close(&other, &[view(1), view(2), view(3)]);
    assert!(windows.may_show(TerminalId(4), &WindowId::main()));
    assert_eq!(windows.terminals_of(&WindowId::main(), vec![view(4)]).len(), 1);
}

#[test]
fn a_page_that_has_not_heard_of_a_move_takes_nothing_back() {
    let (mut windows, other) = torn();
    windows.save(&WindowId::main(), part(&[1, 2, 3]));
    assert_eq!(tabs(&windows, &WindowId::main()), ["tab-1", "tab-2"]);
    // Nor does the other page lose what it does not know of yet.
    windows.save(&other, part(&[]));
    assert_eq!(tabs(&windows, &other), ["tab-3"]);
    windows.save(&other, part(&[3]));
    assert_eq!((tabs(&windows, &other), arriving(&windows, &other)), (vec!["tab-3".to_owned()], 0));
    // From then on it may close it.
    windows.save(&other, part(&[]));
    assert!(tabs(&windows, &other).is_empty());
}

#[test]
fn a_closed_window_gives_its_tabs_to_the_main_one() {
    let (mut windows, other) = torn();
    windows.save(&other, part(&[3]));
    windows.hold(&view(4), &other);
    let all: Vec<TerminalView> = (1..=4).map(view).collect();
    assert_eq!(windows.close(&other, &all), Some(WindowId::main()));
    // The fourth was opened so lately that its page had not spoken of it.
    assert_eq!(tabs(&windows, &WindowId::main()), ["tab-1", "tab-2", "tab-3", "terminal-4"]);
    assert_eq!(arriving(&windows, &WindowId::main()), 2);
    assert!(windows.may_show(TerminalId(4), &WindowId::main()));
    assert!(!windows.save(&other, part(&[3])), "what a closed window says counts no more");
    assert_eq!(windows.front(), &WindowId::main());
}

#[test]
fn a_closed_main_window_gives_its_tabs_to_the_one_used_last_and_the_last_window_keeps_them() {
    let (mut windows, first) = torn();
    let second = windows.open(part(&[2])).expect("a window");
    for (window, tab) in [(&first, 3), (&second, 2)] {
        windows.save(window, part(&[tab]));
    }
    windows.focus(&first);
    windows.focus(&WindowId::main());
    windows.focus(&second);
    let all: Vec<TerminalView> = (1..=3).map(view).collect();
    assert_eq!(windows.close(&WindowId::main(), &all), Some(second.clone()));
    assert_eq!(tabs(&windows, &second), ["tab-2", "tab-1"]);
    assert_eq!(windows.close(&first, &all), Some(second.clone()));
    assert_eq!(windows.close(&second, &all), None);
    let document = windows.document().expect("a document");
    assert!(document.tabs.is_empty());
    assert_eq!(document.windows.len(), 1);
    assert_eq!(document.all_tabs().count(), 3);
}

#[test]
fn tabs_whose_terminal_was_closed_do_not_come_back() {
    let (mut windows, other) = torn();
    windows.forget(TerminalId(3));
    assert!(tabs(&windows, &other).is_empty());
    windows.save(&other, part(&[]));
    windows.close(&other, &[view(1), view(2)]);
    assert_eq!(tabs(&windows, &WindowId::main()), ["tab-1", "tab-2"]);
}

#[test]
fn questions_stay_where_they_are_until_none_waits() {
    let (mut windows, other) = torn();
    assert_eq!(windows.view().asks, WindowId::main());
    windows.save(&other, part(&[3]));
    windows.focus(&other);
    windows.ask_in_front();
    assert_eq!(windows.view().asks, other);
    windows.focus(&WindowId::main());
    assert_eq!(windows.view().asks, other, "one may be half answered there");
    windows.close(&other, &[]);
    assert_eq!(windows.view().asks, WindowId::main());
}

#[test]
fn numbers_are_used_again_and_names_are_not() {
    let (mut windows, second) = torn();
    let third = windows.open(part(&[2])).expect("a window");
    windows.close(&second, &[]);
    let next = windows.open(part(&[1])).expect("a window");
    let view = windows.view();
    let named: Vec<_> = view.windows.iter().map(|window| (&window.id, window.number)).collect();
    assert_eq!(named, [(&WindowId::main(), 1), (&next, 2), (&third, 3)]);
    assert_ne!(next, second);
}

#[test]
fn there_is_a_limit_to_windows() {
    let mut windows = Windows::new();
    for _ in 1..WINDOWS_MAX {
        windows.open(part(&[])).expect("a window");
    }
    let refused = windows.open(part(&[])).expect_err("it is refused");
    assert_eq!(refused.code, ErrorCode::WindowLimit);
}

#[test]
fn a_terminal_that_nobody_spoke_of_is_shown_by_the_main_window_only() {
    let (windows, other) = torn();
    let all = || (1..=4).map(view).collect();
    let ids = |views: Vec<TerminalView>| views.into_iter().map(|view| view.id.0).collect::<Vec<_>>();
    assert_eq!(ids(windows.terminals_of(&WindowId::main(), all())), [1, 2, 4]);
    assert_eq!(ids(windows.terminals_of(&other, all())), [3]);
}
