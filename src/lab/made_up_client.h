// A made-up client for tests: what it would send under given conditions, as bytes of real HTTP and TLS, with the noise of real ones (ids,
// times, counters, batches of events in chance order, requests that are sometimes missing), and one channel through which it tells
// something about where it runs, or none. All drawn from a seed.
#pragma once

#include "lab/conditions.h"
#include "lab/recording.h"

#include <cstdint>
#include <random>
#include <string>

namespace sallyport::lab {

enum class Leak : std::uint8_t {
    none,
    apostrophe,
    hyphen,
    date_form,
    zero_width,
    tags,
    selector,
    trailing_space,
    double_space,
    wide_space,
    key_order,
    extra_key,
    header_order,
    header_case,
    header_value,
    number_form,
    tool_order,
    list_order,
    synonym,
    sentence_order,
    user_agent,
    query_value,
    query_order,
    request_count,
    chunking,
    framing,
    cipher_order,
    extension_order,
    dns_label,
    json_space,
    escape_form,
    id_alphabet,
    id_length,
    id_character, // found by many runs of a state only
    event_field,
    hidden_json, // base64 within a batch
    count
};
std::string_view name_of(Leak leak);

enum class When : std::uint8_t { zone, host, language, user, remote, answer, zone_and_host, zone_or_host, count };

class MadeUpClient {
public:
    // `noisy`: the channel lies within a text that also differs by itself.
    MadeUpClient(std::uint64_t seed, Leak leak, bool noisy);
    Recording run(const Conditions& conditions);
    bool triggered(const Conditions& conditions) const; // it tells its secret there

private:
    std::string id(std::size_t digits, const char* alphabet = "0123456789abcdef");
    std::size_t below(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most - 1)(chance_); }
    std::string message(bool marked);
    std::string body(const Conditions& conditions, bool marked, bool second);
    std::string head(const std::string& path, const std::string& host, bool marked, bool second);
    std::string events(const Conditions& conditions, bool marked);
    static std::string hello(const std::string& host, bool marked, Leak leak);
    void connect(Recording& into, const std::string& host, std::string sent, bool marked);

    std::mt19937_64 chance_;
    Leak leak_;
    bool noisy_, second_turn_ = false;
    When when_;
    std::string session_;
    std::uint64_t clock_s_ = 0, turn_ = 0, number_ = 0;
};

} // namespace sallyport::lab
