// discover.h: conversations that clients keep: how many, how large, from when to when. They are counted, never read.
#include "endpoint/discover.h"

#include <chrono>
#include <sys/stat.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

struct Place {
    const char* client;
    const char* pattern; // a folder, or a file
    const char* ending;  // of files that are conversations
    const char* format;
};
constexpr Place places[] = {
    {"claude-code", ".claude/projects", ".jsonl", "JSON lines, a tree of records"},
    {"codex", ".codex/sessions", ".jsonl", "JSON lines, rollouts"},
    {"codex", ".codex/archived_sessions", ".jsonl", "JSON lines, rollouts"},
    {"gemini-cli", ".gemini/tmp/*/chats", ".jsonl", "JSON lines with mutations"},
    {"gemini-cli", ".gemini/tmp/*/chats", ".json", "one JSON document each"},
    {"qwen-code", ".qwen/projects/*/chats", ".jsonl", "JSON lines, a tree of records"},
    {"opencode", ".local/share/opencode/opencode.db", "", "SQLite"},
    {"opencode", ".local/share/opencode/storage/session", ".json", "a JSON file for each part"},
    {"copilot", ".copilot/session-state", ".jsonl", "JSON lines, events"},
    {"copilot", ".copilot/session-store.db", "", "SQLite"},
    {"", ".config/Cursor/User/globalStorage/state.vscdb", "", "SQLite of Cursor"},
    {"", ".cursor/projects/*/agent-transcripts", ".jsonl", "JSON lines of Cursor"},
    {"", ".config/*/User/globalStorage/saoudrizwan.claude-dev/tasks", "api_conversation_history.json", "JSON of Cline"},
    {"", ".local/share/amp/threads", ".json", "JSON of Amp"},
    {"", ".factory/sessions", ".jsonl", "JSON lines of Droid"},
    {"", ".pi/agent/sessions", ".jsonl", "JSON lines of Pi"},
    {"", ".continue/sessions", ".json", "JSON of Continue"},
};

void count(FoundFact& fact, const fs::path& file) {
    struct stat status{};
    if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    const std::int64_t at = status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000;
    fact.first_ms = fact.count == 0 ? at : std::min(fact.first_ms, at);
    fact.last_ms = fact.count == 0 ? at : std::max(fact.last_ms, at);
    ++fact.count;
    fact.bytes += static_cast<std::uint64_t>(status.st_size);
}

} // namespace

void find_transcripts(Look& look) {
    const auto in = [&](const fs::path& base, const Place& place) {
        FoundFact fact{.kind = FactKind::transcripts, .client = place.client, .what = place.format};
        fact.way = place.format;
        std::string pattern = place.pattern;
        for (const fs::path& path : look.tree.find(base, place.pattern)) {
            if (std::string_view(place.ending).empty())
                count(fact, path);
            else
                look.tree.walk(path, [&](const fs::directory_entry& entry) {
                    if (entry.path().native().ends_with(place.ending)) count(fact, entry.path());
                });
        }
        if (fact.count == 0) return;
        fact.place = look.tree.shown(base / pattern);
        fact.known_by = "names of files; the dates are when they were last written";
        look.add(std::move(fact));
    };
    for (const fs::path& home : look.tree.homes()) {
        for (const Place& place : places) in(home, place);
        for (const fs::path& launched : look.tree.find(home, ".local/state/sallyport/homes/*"))
            for (const Place& place : places) in(launched, place);
    }
    for (const fs::path& workspace : look.workspaces)
        in(workspace, {"", ".aider.chat.history.md", "", "Markdown of aider"});
}

} // namespace sallyport::endpoint
