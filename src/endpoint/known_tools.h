// Assistants besides the six clients, and parts of all of them in editors, known by name: their programs, folders, extensions and
// plugins. A name is a claim: a fact made from this table says by what the thing was known.
#pragma once

#include <span>
#include <string_view>

namespace sallyport::endpoint {

struct KnownTool {
    std::string_view name;
    std::string_view shown;    // "Cursor"
    std::string_view programs; // words; only such as nothing else is called
    std::string_view folders;  // in the home folder, words
};
std::span<const KnownTool> known_tools();

// An extension of VS Code and its kin ("anthropic.claude-code") or a plugin of a JetBrains editor, by its folder.
struct KnownPart {
    std::string_view id;
    std::string_view name;  // of the client or tool
    bool is_client = false; // it carries one of the six, with the client's own version
};
std::span<const KnownPart> known_extensions();
std::span<const KnownPart> known_jetbrains_plugins();

// Editors that have such extensions: the folder in the home, and its name.
struct Editor {
    std::string_view folder, name;
};
std::span<const Editor> editors();

} // namespace sallyport::endpoint
