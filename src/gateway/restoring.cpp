#include "gateway/restoring.h"

#include "base/limits.h"
#include "base/text.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

// Where the first blank line ends, which ends an event; 0: nowhere.
std::size_t end_of_event(std::string_view bytes) {
    for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
        if (at + 1 < bytes.size() && bytes[at + 1] == '\n') return at + 2;
        if (at + 2 < bytes.size() && bytes[at + 1] == '\r' && bytes[at + 2] == '\n') return at + 3;
        if (at == 0) return 1; // a blank line by itself
        if (at == 1 && bytes[0] == '\r') return 2;
    }
    return 0;
}

// The only data line of an event; nothing where it has none or several, which no vendor writes.
std::string_view only_data(std::string_view event) {
    std::string_view found;
    for (std::size_t at = 0; at < event.size();) {
        const std::size_t end = std::min(event.find('\n', at), event.size());
        std::string_view line = event.substr(at, end - at);
        at = end + 1;
        if (!line.starts_with("data:")) continue;
        if (found.data() != nullptr) return {};
        line.remove_prefix(5);
        if (line.starts_with(' ')) line.remove_prefix(1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        found = line;
    }
    return found;
}

} // namespace

bool Restoring::may_restore(std::string_view tool) const {
    return tool.empty() ||
           std::ranges::any_of(tools_, [&](const std::string& one) { return equals_ignoring_case(one, tool); });
}

void Restoring::feed(std::string_view bytes, std::string& out) {
    pending_ += bytes;
    std::string_view rest = pending_;
    for (std::size_t size = end_of_event(rest); size > 0; size = end_of_event(rest)) {
        passing_ ? out.append(rest.substr(0, size)) : (block(rest.substr(0, size), out), out);
        passing_ = false;
        rest.remove_prefix(size);
    }
    if (rest.size() > limits::event_bytes_max) {
        out += rest;
        rest = {};
        passing_ = true;
    }
    pending_.erase(0, pending_.size() - rest.size());
}

void Restoring::end(std::string& out) {
    for (auto& [part, held] : held_) flush(held, out);
    held_.clear();
    out += pending_;
    pending_.clear();
}

void Restoring::flush(Held& held, std::string& out) {
    out += held.block.substr(0, held.begin);
    out += held.text;
    out += held.block.substr(held.end);
}

void Restoring::block(std::string_view bytes, std::string& out) {
    const std::string_view data = only_data(bytes);
    data_.clear();
    data_.append(data);
    if (data.empty() || data.front() != '{' || !document_.parse(data_.view())) {
        out += bytes;
        return;
    }
    texts_.event(document_, found_, ended_);
    for (const std::uint64_t part : ended_) {
        const auto held = held_.find(part);
        const bool goes_on_here = std::ranges::any_of(
            found_, [&](const dialect::AnswerText& text) { return text.is_delta && text.part == part; });
        if (held == held_.end() || goes_on_here) continue;
        flush(held->second, out);
        held_.erase(held);
    }
    const auto data_at = static_cast<std::size_t>(data.data() - bytes.data());
    std::size_t done = 0; // of bytes
    for (const dialect::AnswerText& text : found_) {
        if (!may_restore(text.tool)) continue;
        const json::Node& node = document_[text.node];
        std::string raw;
        if (text.is_delta)
            if (const auto held = held_.find(text.part); held != held_.end()) {
                raw = std::move(held->second.text);
                held_.erase(held);
            }
        raw += document_.raw_value(text.node);
        std::string restored;
        const bool is_read = text.tool.empty();
        std::string word = text.is_delta && is_read ? std::move(word_[text.part]) : std::string();
        restored_ += is_read ? restorer_.restore_outside_addresses(raw, text.inside_json, restored, word)
                             : restorer_.restore(raw, text.inside_json, restored);
        const std::size_t begin = data_at + node.begin, end = data_at + node.end;
        const bool goes_on = text.is_delta && std::ranges::find(ended_, text.part) == ended_.end();
        if (const std::size_t begun = goes_on ? restorer_.begun_at_end(restored) : 0; begun > 0) {
            held_[text.part] = {restored.substr(restored.size() - begun), std::string(bytes), begin, end};
            restored.resize(restored.size() - begun);
            word.resize(word.size() - std::min(word.size(), begun));
        }
        if (goes_on && is_read) word_[text.part] = std::move(word);
        out += bytes.substr(done, begin - done);
        out += restored;
        done = end;
    }
    out += bytes.substr(done);
}

std::string Restoring::body(std::string_view whole) {
    data_.clear();
    data_.append(whole);
    if (!document_.parse(data_.view())) return std::string(whole);
    texts_.body(document_, found_);
    std::ranges::sort(found_, {}, &dialect::AnswerText::node);
    std::string out;
    std::size_t done = 0;
    for (const dialect::AnswerText& text : found_) {
        if (!may_restore(text.tool)) continue;
        const json::Node& node = document_[text.node];
        out += whole.substr(done, node.begin - done);
        std::string word;
        const std::string_view raw = document_.raw_value(text.node);
        restored_ += text.tool.empty() ? restorer_.restore_outside_addresses(raw, text.inside_json, out, word)
                                       : restorer_.restore(raw, text.inside_json, out);
        done = node.end;
    }
    out += whole.substr(done);
    return out;
}

} // namespace sallyport::gateway
