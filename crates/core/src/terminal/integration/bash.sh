# Hooks for bash 4.4 and later (PS0). They are joined to one line: every command ends with a semicolon, no line ends in a comment.
if [ -z "${__bowline-}" ]; then
__bowline=1;
# The status of the command comes first, before what others do for the prompt.
__bowline_first() { __bowline_status=$?; return "$__bowline_status"; };
# Others may make the prompt anew each time, so it is looked at last.
__bowline_last() {
if [ -n "${__bowline_ran-}" ]; then __bowline_ran=; printf '\033]133;D;%s\007' "$__bowline_status"; fi;
printf '\033]1337;CurrentDir=%s\007' "${PWD//[[:cntrl:]]/}";
case "$PS1" in *']133;B'*) ;; *) PS1='\[\e]133;A\a\]'"$PS1"'\[\e]133;B\a\]';; esac;
# Expanded when a command is about to run: the arithmetic notes that, and leaves nothing behind.
case "${PS0-}" in *']133;C'*) ;; *) PS0="${PS0-}"'\e]133;C\a${__bowline:$((__bowline_ran=1,0)):0}';; esac;
return "$__bowline_status"; };
case "$((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)) $(declare -p PROMPT_COMMAND 2>/dev/null)" in
'1 declare -a'*) PROMPT_COMMAND=(__bowline_first "${PROMPT_COMMAND[@]}" __bowline_last);;
*) PROMPT_COMMAND='__bowline_first'$'\n'"${PROMPT_COMMAND-}"$'\n''__bowline_last';;
esac;
# Where the history keeps lines that begin with a space, this one and the question before it are taken out.
for __bowline_line in 1 2; do
__bowline_line="$(HISTTIMEFORMAT= builtin history 1)";
case "$__bowline_line" in
*__bowline_last*|*';Bowline='*) __bowline_line="${__bowline_line#"${__bowline_line%%[0-9]*}"}"; builtin history -d "${__bowline_line%%[!0-9]*}";;
esac;
done;
unset __bowline_line;
fi
