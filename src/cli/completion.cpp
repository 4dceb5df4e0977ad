// sallyport completion bash | zsh | fish: made from the program's own commands and options, so that it cannot fall behind.
#include "cli/commands.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace sallyport::cli {

namespace {

// Calls told(path, app) for the program and every sub-command: "", "ledger", "ledger list", …
template <class Told> void each_command(const CLI::App& app, const std::string& path, Told&& told) {
    told(path, app);
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
        each_command(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), told);
}

std::string words_of(const CLI::App& app) {
    std::string words;
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
        words += sub->get_name() + " ";
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
    if (!words.empty()) words.pop_back();
    return words;
}

std::string bash(const CLI::App& root) {
    std::string cases;
    each_command(root, "", [&](const std::string& path, const CLI::App& app) {
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

std::string zsh(const CLI::App& root) {
    return "#compdef sallyport\nautoload -U +X bashcompinit && bashcompinit\n" + bash(root);
}

std::string fish(const CLI::App& root) {
    std::string out = "complete -c sallyport -f\n";
    each_command(root, "", [&](const std::string& path, const CLI::App& app) {
        const std::string condition =
            path.empty() ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + path.substr(0, path.find(' '));
        out += fmt::format("complete -c sallyport -n '{}' -a '{}'\n", condition, words_of(app));
    });
    return out;
}

} // namespace

void add_completion(CLI::App& app, int& exit_code) {
    static std::string shell;
    auto* command = app.add_subcommand("completion", "Completions for a shell, to be sourced");
    command->add_option("shell", shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->footer("Example:\n  source <(sallyport completion bash)\n");
    command->callback([&app, &exit_code] {
        fmt::print("{}", shell == "bash" ? bash(app) : shell == "zsh" ? zsh(app) : fish(app));
        exit_code = done;
    });
}

} // namespace sallyport::cli
