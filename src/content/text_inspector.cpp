#include "content/text_inspector.h"

#include "content/hidden.h"

#include <algorithm>
#include <map>
#include <utility>

namespace sallyport::content {

namespace {
// A line that is shorter holds no text in escapes worth a second look: what is looked for stands in it as it is, or is longer.
constexpr std::size_t line_of_escapes_bytes_min = 120;
constexpr std::size_t compared_max = 1'024; // beyond, what is found twice is told twice
} // namespace

TextInspector::TextInspector(std::shared_ptr<const Rules> rules)
    : rules_(std::move(rules)), secrets_(rules_->secrets()) {
    const auto& code = rules_->code();
    if (!code) return;
    std::size_t repository = 0; // it is asked in their order
    code_ = std::make_unique<Attributor>(code, [&](std::string_view) { return rules_->open()[repository++]; });
}

void TextInspector::look(std::string_view text, Standing standing, std::vector<Found>& out, Sources& sources) {
    sources_ = &sources;
    look(text, standing, 0, out);
}

void TextInspector::look_for_code(std::string_view text, std::vector<Found>& out) {
    code_->find(text, attributed_);
    if (!attributed_.incomplete.empty()) // it was made to ask for very much, or the index is damaged
        out.push_back({.kind = FindingKind::uninspected,
                       .confidence = Confidence::high,
                       .rule = Rules::number_of_attachment(),
                       .begin = 0,
                       .end = static_cast<std::uint32_t>(text.size())});
    std::map<DocumentId, std::uint32_t> characters; // of each document, however its parts are ordered
    for (const Attribution& match : attributed_.matches) characters[match.document] += match.characters;
    for (const Attribution& match : attributed_.matches) {
        auto source = std::make_shared<Source>();
        for (std::size_t i = 0; i < match.places.size() && i < source_places_max; ++i)
            source->places.push_back({std::string(match.places[i].repository), std::string(match.places[i].path)});
        source->first_line = match.first_line;
        source->last_line = match.last_line;
        source->characters = match.characters;
        out.push_back({.kind = FindingKind::attribution,
                       .confidence = characters[match.document] < telling_bytes_min ? Confidence::low
                                     : match.longest >= match_bytes_min             ? Confidence::high
                                                                                    : Confidence::medium,
                       .rule = static_cast<std::uint32_t>(sources_->size()),
                       .begin = match.begin,
                       .end = match.end});
        sources_->push_back(std::move(source));
    }
}

void TextInspector::look_without_code(std::string_view text, std::vector<Found>& out) {
    std::unique_ptr<Attributor> kept = std::exchange(code_, nullptr);
    look(text, Standing::content, 0, out);
    code_ = std::move(kept);
}

void TextInspector::look_for_secrets(std::string_view text, std::vector<Found>& out) {
    secrets_.scan(text, file_, found_);
    for (Found one : found_) {
        one.rule = one.kind == FindingKind::secret ? rules_->number_of_secret(one.rule) : Rules::number_of_attachment();
        out.push_back(one);
    }
}

void TextInspector::look(std::string_view text, Standing standing, std::uint8_t depth, std::vector<Found>& out) {
    const std::size_t before = out.size();
    look_for_secrets(text, out);
    found_.clear();
    if (depth == 0) find_hidden(text, found_); // an escape that stands in the text is seen
    for (Found one : found_) {
        one.rule = one.kind == FindingKind::marker ? Rules::number_of_hidden(one.rule) : Rules::number_of_attachment();
        out.push_back(one);
    }
    found_.clear();
    find_client_marker(text, standing, found_);
    for (Found one : found_) {
        one.rule = Rules::number_of_client_marker(one.rule);
        out.push_back(one);
    }
    if (code_) look_for_code(text, out);
    if (plain_.of(text)) look_behind_disguise(text, out);
    for (std::size_t i = before; i < out.size(); ++i) out[i].depth = depth;
    if (depth < depth_max) look_behind_escapes(text, standing, depth, out);
}

// What is seen in the text already is not told again.
void TextInspector::look_behind_disguise(std::string_view text, std::vector<Found>& out) {
    std::vector<Found> behind;
    const std::string plain = plain_.text(); // it is the detectors' turn to look into more texts
    const Undisguised disguise = plain_;
    look_for_secrets(plain, behind);
    if (code_) look_for_code(plain, behind);
    for (Found one : behind) {
        if (one.kind == FindingKind::uninspected) continue; // told of the text
        one.begin = disguise.begin_of(one.begin);
        one.end = std::min(disguise.end_of(one.end), static_cast<std::uint32_t>(text.size()));
        const bool is_known = std::ranges::any_of(out, [&](const Found& other) {
            return other.kind == one.kind && other.begin <= one.begin && one.end <= other.end &&
                   other.confidence >= one.confidence;
        });
        if (!is_known) out.push_back(one);
    }
}

void TextInspector::look_behind_escapes(std::string_view text, Standing standing, std::uint8_t depth,
                                        std::vector<Found>& out) {
    Level& level = levels_[depth];
    for (auto at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
        const std::size_t begin = text.rfind('\n', at) + 1; // npos + 1 is 0
        const std::size_t end = std::min(text.find('\n', at), text.size());
        at = end;
        if (end - begin < line_of_escapes_bytes_min) continue;
        level.text.clear();
        level.spans.clear();
        level.found.clear();
        json::unescape_what_is_escaped(text.substr(begin, end - begin), level.text, &level.spans);
        look(level.text, standing, static_cast<std::uint8_t>(depth + 1), level.found);
        for (Found one : level.found) {
            one.begin = static_cast<std::uint32_t>(begin) + json::raw_offset(level.spans, one.begin);
            one.end = static_cast<std::uint32_t>(begin) + json::raw_offset(level.spans, one.end);
            const auto around =
                out.size() > compared_max ? out.end() : std::ranges::find_if(out, [&](const Found& other) {
                    return other.kind == one.kind && other.begin <= one.begin && one.end <= other.end;
                });
            if (around == out.end())
                out.push_back(one);
            else if (around->begin == one.begin && around->end == one.end)
                around->depth = one.depth; // the same, escapes and all
        }
    }
}

} // namespace sallyport::content
