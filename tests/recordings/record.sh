#!/bin/sh
# Records real programs on a terminal of 80 x 24, for the tests that hold the engine's screen against xterm.js (tests/screen). Run
# it by hand when a program is to be added, with the names of those to record; without a name it records all.
# Where the terminal takes another size in the middle, NAME.sizes says at which byte: offset, columns, lines.
# Needs script(1), unshare(1), vim, less, top, tmux, htop, mc, vttest, git, curl, and root for a host name that is nobody's.
# Each program works on files of its own in a folder that is removed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
wanted=" $* "
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

record() { # name, command; the keys come from standard input
  case $wanted in "  " | *" $1 "*) ;; *) return 0 ;; esac
  rm -f "$here/$1.sizes" "$folder/sizes"
  out=$folder/out
  script -q -f -c "stty rows 24 cols 80; tty > $folder/tty; TERM=xterm-256color LANG=C.UTF-8 HOME=$folder $2" /dev/null > "$out"
  mv "$out" "$here/$1.rec"
  if [ -e sizes ]; then mv sizes "$here/$1.sizes"; fi
}
keys() { # each argument after a pause; @60x20 is another size
  sleep 1
  for key in "$@"; do
    case $key in
      @*)
        size=${key#@}
        echo "$(stat -c %s out) ${size%x*} ${size#*x}" >> sizes
        stty -F "$(cat tty)" cols "${size%x*}" rows "${size#*x}"
        ;;
      *) printf '%b' "$key" ;;
    esac
    sleep 0.4
  done 2> /dev/null || true
}
# In a place that tells nothing of this machine: another host name, processes of its own, a home on a disk of its own.
nowhere() {
  printf 'unshare --mount --uts --pid --fork --mount-proc sh -c "hostname bowline; mount -t tmpfs -o size=64m tmpfs /mnt; cd /mnt; '
  printf 'export HOME=/mnt USER=me LOGNAME=me PS1=\\$\\ ; %s"' "$1"
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
keys 'F6' '\033[B' '\033[B\033[B' '\033OQ' '\033[A' '\033' 't' '\033[15~' 'H' '/sleep' '\033' 'q' \
  | record htop "$(nowhere 'for n in 1 2 3; do sleep 60 & done; htop -d 5')"
keys '\t' '\033[B' '\033[B' '\033OR' '\033[6~' '\033[21~' '\033[20~' '\033[B' '\033\033' '\0335' '\033\033' '\033?' '\033\033' '\t' '\033[B' '\033[21~' '\r' \
  | record mc "$(nowhere 'mkdir a b 目录; seq 1 99 > numbers; echo 你好 > 文件; touch -d 2026-01-01 *; timeout --foreground 20 mc -x -u /mnt /mnt/a')"
# Bars that draw themselves anew in one line, over several lines, and below a scroll region (as apt does).
cat > bars <<'EOF'
git -c init.defaultBranch=main init -q there
for n in $(seq 300); do echo $n > there/$n; done
git -C there add . && git -C there -c user.name=me -c user.email=me@example.org commit -q -m all
git clone --progress --no-local there here
dd if=/dev/zero of=/dev/null bs=64K count=200000 status=progress
head -c 3000000 /dev/zero > large
curl -o /dev/null --limit-rate 3000000 file:///mnt/large
curl -# -o /dev/null --limit-rate 3000000 file:///mnt/large
for n in one two three; do echo "$n: waiting"; done
for n in $(seq 0 10 100); do
  printf '\033[3A'
  for part in one two three; do
    printf '\r\033[2K%s: \033[32m%-40s\033[0m %3d%%\n' $part "$(printf %$((n * 4 / 10))s | sed 's/ /█/g')" $n
  done
done
printf '\n\0337\033[0;23r\0338\033[1A'
for n in $(seq 5 5 100); do
  printf '\0337\033[24;0f\033[42m\033[30mProgress: [%3d%%]\033[49m\033[39m [%-40s] \0338' $n "$(printf %$((n * 4 / 10))s | tr ' ' '#')"
  printf 'Unpacking package-%d (1.%d) over (1.0) ...\r\n' $n $n
done
printf '\n\0337\033[0;24r\0338\033[1A\033[J'
for n in ⠋ ⠙ ⠹ ⠸ ⠼ ⠴ ⠦ ⠧ ⠇ ⠏; do printf '\r\033[?25l\033[36m%s\033[39m building\033[K' $n; done
printf '\r\033[K\033[?25h✔ done\n'
EOF
record bars "$(nowhere ". $folder/bars")" < /dev/null

# Wide characters at every column of the edge, edited in a line and in vim.
i=0
: > wide
while [ $i -lt 12 ]; do
  printf "%$((i + 66))s" '' | tr ' ' '.' >> wide
  printf '中文字符，全角。ｶﾀｶﾅ한국어조선글『日本語』㈱①\n' >> wide
  i=$((i + 1))
done
keys 'cat wide\r' 'echo 中文輸入法很長很長很長很長很長很長很長很長很長很長很長很長很長很長很長很長' '\001' '好' '\006\006\010' '\004' '\005，完。\r' \
  'printf "\\033[5;79H宽\\033[5;80Hx\\033[6;80H宽\\033[7;10H中文\\033[7;11Hx\\033[8;10H中文字\\033[8;12H\\033[P\\033[8;9H\\033[@\\r\\n"\r' \
  'vim -u NONE -N wide\r' 'xxA测试\033' ':set nowrap\r' '40l' 'r宽' ':%s/中/国/g\r' ':q!\r' 'less wide\r' '\033)' '\033)' 'q' 'exit\r' \
  | record cjk 'PS1="\$ " bash --norc --noprofile -i'
cat > emoji <<'EOF'
faces 😀😃😄 hands 👍👍🏽👍🏿 family 👨‍👩‍👧‍👦 couple 👩‍❤️‍💋‍👨 flags 🇨🇳🇩🇪🇯🇵🇺🇳 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏳️‍🌈
keycaps 1️⃣ 2️⃣ #️⃣ text ☎︎ ☎️ ❤ ❤️ ✈ ✈️ ☀ ☀️ ⌛ ⏰ ⚡ new 🫠🫡🪿🫨🪭 half 🇩 alone 🏽
combining é à̖ n̈ Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘ end
हिन्दी देवनागरी தமிழ் ไทยกำลัง ខ្មែរ العربية עִבְרִית 한글 각 ﷽ end
......................................................................👨‍👩‍👧‍👦👍🏽🇨🇳❤️é end
.......................................................................👨‍👩‍👧‍👦👍🏽🇨🇳❤️é end
zero​width ­soft ﻿mark ⁠joiner ＡＢ １２ ░▒▓█ ╭─╮ 𝕏 𝒜 🄰 𓀀 𠀀𠮷
EOF
keys 'cat emoji\r' 'echo 👨‍👩‍👧‍👦 👍🏽 ❤️ x' '\002\002\002' '\177' '\r' 'vim -u NONE -N emoji\r' 'lllllllllx' 'jjwwx' ':q!\r' 'less emoji\r' 'q' 'exit\r' \
  | record emoji 'PS1="\$ " bash --norc --noprofile -i'

# The terminal takes other sizes meanwhile: at a prompt, below wrapped lines, in programs that draw the screen.
keys 'head -30 text\r' @60x20 'echo narrower\r' @100x30 'head -5 wide\r' @41x12 'seq 40\r' @80x24 'echo a line that waits to be typed and is longer than the screen is wide when it is' @50x24 @90x24 '\003' \
  'less text\r' ' ' @70x20 'q' 'vim -u NONE -N text\r' 'G' @90x30 ':q!\r' @80x24 'clear; head -3 text\r' @30x24 @80x24 'exit\r' \
  | record resize 'PS1="\$ " bash --norc --noprofile -i'
keys 'cat text\r' @60x20 '\002"' 'seq 50\r' @100x30 '\002%' 'cat wide\r' @80x24 '\002d' \
  | record tmux-resize "$(nowhere "cp $folder/text $folder/wide .; tmux -L bowline-recording -f /dev/null new-session sh \\\\; set -g status-right end")"

# The tests of vttest(1): what is asked is answered as Bowline does it.
returns() { for _ in $(seq "$1"); do printf '\\r\n'; done; }
vttest() { # name, the choices that lead there, how many times Return
  # shellcheck disable=SC2046
  keys '\033[?1;2c' $2 $(returns "$3") '0\r' '0\r' '0\r' | record "vttest-$1" 'vttest 24x80.80'
}
vttest cursor '1\r' 8
vttest screen '2\r' 16
vttest sets '3\r 8\r' 6
vttest double '4\r' 12
vttest edit '8\r' 16
vttest colour '11\r 6\r 2\r' 3
vttest scroll '11\r 5\r 2\r' 10
vttest reports '6\r 3\r \033[0n \033[5;1R \r 4\r \033[?1;2c \r 5\r \033[>0;276;0c' 2
