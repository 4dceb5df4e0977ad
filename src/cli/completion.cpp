// sallyport completion bash | zsh | fish: made from the program's own commands and options, so that it cannot fall behind.
#include "cli/commands.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

// Calls told(path, app) for the program and every sub-command: "", "ledger", "ledger list", …
template <class Told> void each_command(const Command& app, const std::string& path, Told&& told) {
    told(path, app);
    for (const Command& sub : app.commands())
        each_command(sub, path.empty() ? sub.name() : path + " " + sub.name(), told);
}

std::string words_of(const Command& app) {
    std::string words;
    for (const Command& sub : app.commands()) words += sub.name() + " ";
    for (const std::string& name : app.long_options()) words += "--" + name + " ";
    if (!words.empty()) words.pop_back();
    return words;
}

std::string bash(const Command& root) {
    std::string cases;
    each_command(root, "", [&](const std::string& path, const Command& app) {
        cases += fmt::format("    \"{}\") words=\"{}\" ;;\n", path, words_of(app));
    });
    return "_sallyport() {\n  local path=\"\" word words=\"\"\n"
           "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case \"$word\" in -*) ;; *) "
           "path=\"${path:+$path }$word\" ;; esac\n  done\n"
           "  case \"$path\" in\n" +
           cases +
           "  esac\n"
           "  if [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")); fi\n}\n"
           "complete -o default -F _sallyport sallyport\n";
}

std::string zsh(const Command& root) {
    return "#compdef sallyport\nautoload -U +X bashcompinit && bashcompinit\n" + bash(root);
}

std::string fish(const Command& root) {
    std::string out = "complete -c sallyport -f\n";
    each_command(root, "", [&](const std::string& path, const Command& app) {
        const std::string condition =
            path.empty() ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + path.substr(0, path.find(' '));
        out += fmt::format("complete -c sallyport -n '{}' -a '{}'\n", condition, words_of(app));
    });
    return out;
}

} // namespace

void add_completion(Command& app, int& exit_code) {
    static std::string shell;
    Command command = app.command("completion", "Completions for a shell, to be sourced");
    command.option("shell", shell, "bash, zsh or fish").required().one_of({"bash", "zsh", "fish"});
    command.footer("Example:\n  source <(sallyport completion bash)\n");
    command.run([&app, &exit_code] {
        fmt::print("{}", shell == "bash" ? bash(app) : shell == "zsh" ? zsh(app) : fish(app));
        exit_code = done;
    });
}

} // namespace sallyport::cli
