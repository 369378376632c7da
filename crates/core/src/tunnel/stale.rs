//! The file of a socket that the host listened on for us until the connection was lost. sshd leaves it (unless its
//! StreamLocalBindUnlink says otherwise), and then does not listen there again: "Address already in use".

use crate::connection::Connection;
use crate::exec::{self, ExecEnd, ExecEvent, ExecRequest};

/// Removes it. Only for a path that the host has listened on for us before. It goes only if it is a socket that no process
/// there has any more, which Linux tells in `/proc/net/unix`; where that is not known it stays.
///
/// Says whether it is gone.
pub async fn removed(connection: &std::sync::Arc<Connection>, path: &str) -> bool {
    let (Some(line), Some(place)) = (removing(path), connection.reserve()) else { return false };
    let Ok(mut exec) = exec::start(place, ExecRequest::command(line)).await else { return false };
    exec.input.close().await;
    loop {
        match exec.output.next().await {
            Some(ExecEvent::Output { .. }) => {}
            Some(ExecEvent::Ended(end)) => return end == ExecEnd::Exited { status: 0 },
            None => return false,
        }
    }
}

/// For any login shell: the path has nothing in it that one would read. The kernel's list ends each line with the path; a
/// longer one that begins alike counts as in use, which is the safe side.
fn removing(path: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    (path.starts_with('/') && path.bytes().all(plain)).then(|| {
        format!(
            "sh -c 'test -S {path} || exit 1; test -L {path} && exit 1; test -r /proc/net/unix || exit 1; \
             grep -qF \" {path}\" /proc/net/unix && exit 1; rm -f {path}'"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_a_shell_would_read_is_left_alone() {
        assert!(removing("/run/user/1000/app-1.sock").is_some());
        for path in ["", "app.sock", "~/x", "/a b", "/a'b", "/a;b", "/$HOME/x", "/a*", "/a\nb"] {
            assert_eq!(removing(path), None, "{path:?}");
        }
    }
}
