// One text looked at by everything that looks for something: as it is, and where it carries text in escapes (JSON inside of a JSON string,
// as tools answer and code modes write; a key as a literal in code) once more without them. For one thread at a time.
#pragma once

#include "content/attributor.h"
#include "content/client_marker.h"
#include "content/rules.h"
#include "content/undisguise.h"
#include "json/document.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

class TextInspector {
public:
    explicit TextInspector(std::shared_ptr<const Rules> rules);
    // Appends what is found; offsets are bytes of `text`, rules numbers of Rules::rule_name(), or indexes into `sources`.
    void look(std::string_view text, Standing standing, std::vector<Found>& out, Sources& sources);
    void look_without_code(std::string_view text, std::vector<Found>& out);
    // Secrets alone: for what is no text of the conversation, such as headers.
    void look_for_secrets(std::string_view text, std::vector<Found>& out);
    // Of which file the texts are that follow; empty: not known.
    void in_file(std::string_view name) { file_ = name; }
    const std::shared_ptr<const Rules>& rules() const { return rules_; }

private:
    static constexpr std::size_t depth_max = 3;
    struct Level { // what is unescaped from the text above it
        std::string text;
        std::vector<json::SpanPair> spans;
        std::vector<Found> found;
    };
    void look(std::string_view text, Standing standing, std::uint8_t depth, std::vector<Found>& out);
    void look_for_code(std::string_view text, std::vector<Found>& out);
    void look_behind_disguise(std::string_view text, std::vector<Found>& out);
    void look_behind_escapes(std::string_view text, Standing standing, std::uint8_t depth, std::vector<Found>& out);

    std::shared_ptr<const Rules> rules_;
    SecretScanner secrets_;
    std::unique_ptr<Attributor> code_; // null: nothing is indexed
    Attributed attributed_;
    Sources* sources_ = nullptr;
    std::string_view file_;
    Undisguised plain_;
    std::vector<Found> found_; // of one detector
    std::array<Level, depth_max> levels_;
};

} // namespace sallyport::content
