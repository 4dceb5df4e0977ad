#include "sim/faults.h"

#include "base/text.h"

#include <array>
#include <charconv>
#include <optional>

namespace sallyport::sim {

namespace {

constexpr std::array<std::string_view, 22> words = {
    "status",      "retry-after", "html",        "hang",         "gzip",         "stall", "gate",  "ping",
    "pace",        "drip",        "half-event",  "wrong-length", "short-length", "cut",   "reset", "early-end",
    "error-event", "bad-chunk",   "before-head", "first",        "streaming",    "rate"};

std::unexpected<Error> bad(std::string_view spec, const std::string& why) {
    return fail(ErrorKind::invalid, "fault '" + std::string(spec) + "': " + why, ErrorSource::client);
}

template <class Number> std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// splitmix64 (Steele, Lea, Flood 2014): one well-mixed number per input.
std::uint64_t mixed(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

struct Reader {
    std::string_view spec;
    Fault fault;

    Result<void> end(Fault::End end) {
        if (fault.end != Fault::End::whole) return bad(spec, "an answer can break in one way only");
        fault.end = end;
        return {};
    }
    Result<void> length(Fault::Length length) {
        if (fault.length != Fault::Length::right) return bad(spec, "wrong-length and short-length exclude each other");
        fault.length = length;
        return {};
    }
    // `least` and `most` are inclusive.
    template <class Number>
    Result<void> set(std::string_view word, std::string_view value, Number& into, Number least, Number most) {
        const std::optional<Number> read = number<Number>(value);
        if (!read || *read < least || *read > most)
            return bad(spec, std::string(word) + " wants a number from " + std::to_string(least) + " to " +
                                 std::to_string(most));
        into = *read;
        return {};
    }
    Result<void> flag(std::string_view word, bool has_value, bool& into) {
        if (has_value) return bad(spec, std::string(word) + " takes no value");
        into = true;
        return {};
    }
    Result<void> take(std::string_view word, std::string_view value, bool has_value);
};

Result<void> Reader::take(std::string_view word, std::string_view value, bool has_value) {
    constexpr std::int64_t ms_max = 3'600'000;
    if (word == "status") return set(word, value, fault.status, 200, 599);
    if (word == "retry-after") return set<std::int64_t>(word, value, fault.retry_after_s, 0, 86'400);
    if (word == "stall") return set<std::int64_t>(word, value, fault.stall_ms, 1, ms_max);
    if (word == "ping") return set<std::int64_t>(word, has_value ? value : "1000", fault.ping_ms, 1, ms_max);
    if (word == "drip") return set<std::int64_t>(word, value, fault.drip_ms, 0, ms_max);
    if (word == "pace") return set<std::int64_t>(word, value, fault.pace_ms, 1, ms_max);
    if (word == "first")
        return set<std::uint64_t>(word, value, fault.first, 1, std::numeric_limits<std::uint64_t>::max());
    if (word == "rate") return set<double>(word, value, fault.rate, 0, 1);
    if (word == "html") return flag(word, has_value, fault.html);
    if (word == "hang") return flag(word, has_value, fault.hang);
    if (word == "gzip") return flag(word, has_value, fault.gzip);
    if (word == "gate") return flag(word, has_value, fault.gate);
    if (word == "half-event") return flag(word, has_value, fault.half_event);
    if (word == "before-head") return flag(word, has_value, fault.before_head);
    if (word == "streaming") return flag(word, has_value, fault.streaming_only);
    if (has_value) return bad(spec, "'" + std::string(word) + "' is no word that takes a value");
    if (word == "cut") return end(Fault::End::cut);
    if (word == "reset") return end(Fault::End::reset);
    if (word == "early-end") return end(Fault::End::early_end);
    if (word == "error-event") return end(Fault::End::error_event);
    if (word == "bad-chunk") return end(Fault::End::bad_chunk);
    if (word == "wrong-length") return length(Fault::Length::larger);
    if (word == "short-length") return length(Fault::Length::smaller);
    const std::string meant = did_you_mean(word, words);
    return bad(spec,
               "'" + std::string(word) + "' is not known" + (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
}

} // namespace

bool Fault::harmless() const {
    return status == 0 && !hang && !half_event && !gzip && !gate && end == End::whole && length == Length::right &&
           stall_ms == 0 && ping_ms == 0 && drip_ms < 0 && pace_ms == 0;
}

Result<Fault> parse_fault(std::string_view spec) {
    Reader reader{spec, {}};
    reader.fault.spec = spec;
    for (std::string_view rest = spec;;) {
        const std::size_t comma = rest.find(',');
        const std::string_view part = trim(rest.substr(0, comma));
        const std::size_t equals = part.find('=');
        const bool has_value = equals != std::string_view::npos;
        const Result<void> taken =
            reader.take(part.substr(0, equals), has_value ? part.substr(equals + 1) : std::string_view(), has_value);
        if (!taken) return std::unexpected(taken.error());
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
    }
    const Fault& fault = reader.fault;
    if (fault.before_head && fault.end != Fault::End::cut && fault.end != Fault::End::reset)
        return bad(spec, "before-head goes with cut or reset");
    if ((fault.retry_after_s >= 0 || fault.html) && fault.status == 0)
        return bad(spec, "retry-after and html go with status=N");
    if (fault.length != Fault::Length::right && fault.end != Fault::End::whole)
        return bad(spec, "a wrong length is an end of its own");
    return reader.fault;
}

bool strikes(const Fault& fault, std::uint64_t call, bool streams, std::uint64_t seed) {
    if (call > fault.first || (fault.streaming_only && !streams)) return false;
    if (fault.rate >= 1) return true;
    constexpr double whole = 18446744073709551616.0; // 2^64
    return static_cast<double>(mixed(mixed(seed) ^ call)) / whole < fault.rate;
}

} // namespace sallyport::sim
