# Hooks for zsh. They are joined to one line: every command ends with a semicolon, no line ends in a comment.
if [[ -z "${__bowline-}" ]]; then
typeset -g __bowline=1 __bowline_ran=;
__bowline_precmd() {
local ended=$?;
emulate -L zsh;
if [[ -n $__bowline_ran ]]; then __bowline_ran=; printf '\033]133;D;%s\007' $ended; fi;
printf '\033]1337;CurrentDir=%s\007' "${PWD//[[:cntrl:]]/}";
# Others may make the prompt anew each time.
[[ $PS1 == *']133;B'* ]] || PS1=$'%{\e]133;A\a%}'"$PS1"$'%{\e]133;B\a%}';
return $ended; };
__bowline_preexec() { __bowline_ran=1; printf '\033]133;C\007'; };
typeset -ga precmd_functions preexec_functions;
precmd_functions+=(__bowline_precmd);
preexec_functions+=(__bowline_preexec);
# Where the history keeps lines that begin with a space: its list so far, which has this line, is put aside for good, and the file
# is read anew.
if [[ ! -o histignorespace ]]; then
() { local file="${HISTFILE-}" size="${HISTSIZE-}" save="${SAVEHIST-}";
HISTFILE= SAVEHIST=0;
if [[ -n $file ]]; then fc -p "$file" ${size:-30} ${save:-0}; else fc -p; HISTSIZE=${size:-30}; fi; };
fi;
fi
