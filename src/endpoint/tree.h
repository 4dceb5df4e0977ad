// The part of a file system that is looked at: the machine's own, or a prepared tree below a root folder. Read only. Pipes, devices and
// sockets are never opened, loops of links end, listings and texts are bounded, and what could not be looked at is told.
#pragma once

#include "endpoint/facts_found.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

inline constexpr std::size_t settings_file_bytes_max = 16u << 20; // ~/.claude.json keeps a state of its own
inline constexpr std::size_t listed_max = 20'000;                 // entries of one folder
inline constexpr std::size_t walked_max = 500'000;                // files of one place with transcripts

class Tree {
public:
    // `root`: "/" or the folder of a prepared tree; homes and workspaces are paths on this machine, below the root.
    Tree(const std::filesystem::path& root, std::vector<std::filesystem::path> homes);

    const std::filesystem::path& root() const { return root_; }
    const std::vector<std::filesystem::path>& homes() const { return homes_; }
    // "/etc/x" below the root.
    std::filesystem::path system(std::string_view path) const;
    // As people may see it: homes as "~", "~2" …, without the root of a prepared tree.
    std::string shown(const std::filesystem::path& path) const;
    std::string without_homes(std::string text) const; // in any text

    // Nothing where nothing is there; what is there and cannot be read becomes a fact.
    std::optional<std::string> read(const std::filesystem::path& path, std::size_t bytes_max = settings_file_bytes_max);
    void tell_unread(const std::filesystem::path& path, std::string why);
    // Existing paths for a pattern whose parts may hold "*", below `base`, sorted. Links are followed, but no part is searched twice.
    std::vector<std::filesystem::path> find(const std::filesystem::path& base, std::string_view pattern);
    // A workspace and the folders in it where a client could be started: not too deep, without others' code, links not followed.
    std::vector<std::filesystem::path> folders_of(const std::filesystem::path& workspace);
    // Each plain file below a folder, links not followed.
    void walk(const std::filesystem::path& folder,
              const std::function<void(const std::filesystem::directory_entry&)>& told);
    // What a link leads to, within the root; the path itself where it is none.
    std::filesystem::path resolved(const std::filesystem::path& path) const;

    std::vector<FoundFact>& unread() { return unread_; }

private:
    std::filesystem::path root_;
    std::vector<std::filesystem::path> homes_;
    std::vector<FoundFact> unread_;
};

} // namespace sallyport::endpoint
