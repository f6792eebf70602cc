/**
 * What a shell loads. The scripts know nothing of commands and options: they ask the program that is
 * being typed, so that they never are out of date.
 */

import type { Shell } from './answer.ts';

const bash = `# Completion for bash; in ~/.bashrc: eval "$(cmk-courier completion bash)"
_cmk_courier() {
  local program=\${COMP_WORDS[0]/#\\~/$HOME} current=\${COMP_WORDS[COMP_CWORD]} kind word
  [[ $current == [=:@]* ]] && current=
  COMPREPLY=()
  {
    read -r kind || return
    while read -r word; do COMPREPLY+=("$word"); done
  } < <("$program" completion answer bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  case $kind in
    files) mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames ;;
    directories) mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames ;;
  esac
  [[ \${#COMPREPLY[@]} -eq 1 && $kind == words && \${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace
}
complete -F _cmk_courier cmk-courier
`;

const zsh = `#compdef cmk-courier
# Completion for zsh; in ~/.zshrc behind compinit: source <(cmk-courier completion zsh)
_cmk_courier() {
  local program=\${~\${(Q)words[1]}} kind word about tab=$'\\t'
  local -a whole parts whole_shown parts_shown
  {
    read -r kind || return 1
    while IFS=$tab read -r word about; do
      if [[ $word == *[=:] ]]; then
        parts+=("$word") parts_shown+=("$word\${about:+  $about}")
      else
        whole+=("$word") whole_shown+=("$word\${about:+  $about}")
      fi
    done
  } < <("$program" completion answer zsh -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  case $kind in
    files) [[ $PREFIX == --*=* ]] && compset -P '*='; _files ;;
    directories) [[ $PREFIX == --*=* ]] && compset -P '*='; _files -/ ;;
    *)
      (( $#whole )) && compadd -l -d whole_shown -a whole
      (( $#parts )) && compadd -S '' -l -d parts_shown -a parts
      ;;
  esac
}
if [[ $funcstack[1] == _cmk[-_]courier ]]; then _cmk_courier "$@"; else compdef _cmk_courier cmk-courier; fi
`;

const fish = `# Completion for fish; cmk-courier completion fish > ~/.config/fish/completions/cmk-courier.fish
function __cmk_courier_files
    __fish_complete_path $argv
end
function __cmk_courier_directories
    __fish_complete_directories $argv
end
function __cmk_courier_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $typed[1])
    set -l answer ($program completion answer fish -- $typed[2..-1] "$current" 2>/dev/null)
    set -l option (string match -r '^--[^=]*=' -- $current)
    set -l value (string replace -r '^--[^=]*=' '' -- $current)
    set -l whole (string replace -r '^~/' "$HOME/" -- $value)
    test "$whole" = "$value"; or set option "$option~/"
    switch "$answer[1]"
        case files directories
            for path in (__cmk_courier_$answer[1] "$whole")
                test "$whole" = "$value"; or set path (string replace "$HOME/" '' -- $path)
                echo "$option$path"
            end
        case words
            string join \\n -- $answer[2..-1]
    end
end
complete -c cmk-courier -f -k -a '(__cmk_courier_complete)'
`;

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
