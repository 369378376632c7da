#!/bin/sh
# Records real programs on a terminal of 80 x 24, for the tests that compare a snapshot of the engine's screen with xterm.js fed
# every byte. Run it by hand when a program is to be added; afterwards write the snapshots anew:
#   BOWLINE_RECORD=1 cargo nextest run -p bowline-core recordings
# Needs script(1), vim, less, top and tmux. Each program works on files of its own in a folder that is removed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

record() { # name, command; the keys come from standard input
  script -q -f -c "stty rows 24 cols 80; TERM=xterm-256color LANG=C.UTF-8 HOME=$folder $2" /dev/null > "$here/$1.rec"
}
keys() { # each argument after a pause
  sleep 1
  for key in "$@"; do printf '%b' "$key"; sleep 0.4; done
}

i=0
while [ $i -lt 200 ]; do
  printf 'line %d: some text, 一些中文文本, émile, 👍 and a tail that is long enough to wrap around the edge of the screen\n' $i
  i=$((i + 1))
done > text

keys '\006' 'G' 'ggdd' 'ihello 世界\033' ':set nu\r' ':split\r' '\027w\004' ':vsplit\r' '/tail\r' 'n' ':qa!\r' \
  | record vim 'vim -u NONE -N -c "syntax on" text'
keys ' ' ' ' '/line 99\r' 'G' 'b' 'q' | record less 'less -R text'
keys '' 'c' '1' 'q' | record top 'top -d 0.3 -p $$'
keys 'ls -la --color=always\r' '\002%%' 'cat text\r' '\002"' 'seq 1 100\r' '\002o' 'printf "\\033[44mblue\\033[0m\\n"\r' '\002d' \
  | record tmux 'tmux -L bowline-recording -f /dev/null new-session "PS1=\$\  exec sh" \; set -g status-right end'
# A shell that sets marks, by the hooks that Bowline types.
hooks=$here/../../crates/core/src/terminal/integration/bash.sh
keys 'true\r' 'false\r' 'seq 1 40\r' 'for n in 1 2; do\recho a line that is long enough to be wrapped around the edge of the screen, number $n\rdone\r' \
  'given up\003' 'sh -c "exit 42"\r' 'less text\r' 'q' 'clear\r' 'echo 你好\r' 'seq 1 30; sleep 9\r' '\003' 'exit\r' \
  | record marks "bash --rcfile $hooks -i"
record colours 'sh -c "
for n in \$(seq 0 255); do printf \"\\033[48;5;\${n}m%4d\\033[0m\" \$n; done; echo
for n in \$(seq 0 76); do printf \"\\033[38;2;\$((255 - n * 3));\$((n * 3));128m#\"; done; printf \"\\033[0m\\n\"
for n in 1 2 3 4 5 7 8 9 21 53; do printf \"\\033[\${n}mattribute \$n\\033[0m \"; done; echo
for n in 1 2 3 4 5; do printf \"\\033[4:\${n}m\\033[58;5;\$((n + 8))munderline \$n\\033[0m \"; done; echo
printf \"\\033]8;;http://example.org/a\\033\\\\\\\\link\\033]8;;\\033\\\\\\\\ \\033(0lqqqk\\033(B\\n\"
for n in \$(seq 0 5 100); do printf \"\\r\\033[K[%-20s] %3d%%\" \$(printf %\$((n / 5))s | tr \" \" =) \$n; done; echo
cat text"' < /dev/null
tmux -L bowline-recording kill-server 2> /dev/null || true
