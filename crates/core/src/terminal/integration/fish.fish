# Hooks for fish. They are joined to one line: every command ends with a semicolon, no line ends in a comment.
if not set -q __bowline;
set -g __bowline 1;
function __bowline_begin --on-event fish_prompt;
printf '\033]1337;CurrentDir=%s\007\033]133;A\007' (string replace -ra '[[:cntrl:]]' '' -- "$PWD" | string join '');
end;
function __bowline_run --on-event fish_preexec; printf '\033]133;C\007'; end;
function __bowline_end --on-event fish_postexec; printf '\033]133;D;%s\007' $status; end;
functions -q fish_prompt; and functions -c fish_prompt __bowline_prompt;
function fish_prompt; functions -q __bowline_prompt; and __bowline_prompt; printf '\033]133;B\007'; end;
end
