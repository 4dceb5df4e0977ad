#include "store/holds.h"

#include "base/clock.h"

#include <algorithm>

namespace sallyport::store {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view between = ", ";

// "label value", up to the next label that follows, or to the end.
std::string_view take(std::string_view& text, std::string_view label, std::initializer_list<std::string_view> next) {
    if (!text.starts_with(label)) return {};
    text.remove_prefix(label.size());
    std::size_t end = text.size();
    for (const std::string_view one : next)
        if (const auto at = text.find(std::string(between) + std::string(one)); at != std::string_view::npos)
            end = std::min(end, at);
    const std::string_view value = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + (end < text.size() ? between.size() : 0)));
    return value;
}

bool any_pack(const fs::path& packs) {
    std::error_code error;
    for (fs::directory_iterator at(packs, error), end; !error && at != end; at.increment(error))
        if (at->path().extension() == ".pack") return true;
    return false;
}

Result<void> put_back_holds(BodyKeys& keys, State& state) {
    const auto acts = state.acts_since(0);
    if (!acts) return std::unexpected(acts.error());
    std::vector<BodyHold> held;
    for (const ActRecord& act : *acts) {
        auto hold = act.what == "hold" || act.what == "release" ? hold_from_words(act.about) : std::nullopt;
        if (!hold) continue;
        if (act.what == "release") {
            std::erase_if(held, [&](const BodyHold& one) { return one.matter == hold->matter; });
            continue;
        }
        hold->since_ms = act.at_ms;
        hold->by = act.by;
        held.push_back(std::move(*hold));
    }
    for (const BodyHold& hold : held)
        if (auto kept = keys.hold(hold); !kept) return kept;
    return {};
}

} // namespace

std::string words_of(const BodyHold& hold) {
    std::string out;
    const auto add = [&](std::string_view label, const std::string& value) {
        if (value.empty()) return;
        if (!out.empty()) out += between;
        out.append(label).append(value);
    };
    add("repository ", hold.repository);
    add("person ", hold.person);
    add("from ", hold.from_ms == 0 ? std::string() : rfc3339(hold.from_ms));
    add("to ", hold.to_ms == 0 ? std::string() : rfc3339(hold.to_ms));
    add("matter ", hold.matter); // last: it is free text
    return out;
}

std::optional<BodyHold> hold_from_words(std::string_view text) {
    BodyHold out;
    out.repository = take(text, "repository ", {"person p_", "from ", "to ", "matter "});
    out.person = take(text, "person ", {"from ", "to ", "matter "});
    const auto time = [](std::string_view words) { return words.empty() ? 0 : parse_time(std::string(words), 0); };
    out.from_ms = time(take(text, "from ", {"to ", "matter "}));
    out.to_ms = time(take(text, "to ", {"matter "}));
    out.matter = take(text, "matter ", {});
    if (out.matter.empty() || out.from_ms < 0 || out.to_ms < 0) return std::nullopt;
    return out;
}

Result<std::unique_ptr<BodyKeys>> open_body_keys(const fs::path& file, const fs::path& packs, State& state) {
    std::error_code error;
    if ((!fs::exists(file, error) || fs::file_size(file, error) == 0) && any_pack(packs))
        return fail(ErrorKind::unavailable, file.string() + " is not there or empty, but bodies are kept in " +
                                                packs.string() +
                                                ": put it back from the backup of the keys (docs/operations.md). If it "
                                                "is lost for good, nobody can read them; move " +
                                                packs.string() + " away");
    auto keys = BodyKeys::open(file);
    if (!keys) return keys;
    if (auto back = put_back_holds(**keys, state); !back) return std::unexpected(back.error());
    return keys;
}

} // namespace sallyport::store
