// Under which circumstances a client runs: all that it may look at, and ways to vary it. A variation changes one thing, a pair two; the
// table of them is variables.cpp. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::lab {

struct Conditions {
    std::string zone = "UTC"; // TZ; empty: not set
    std::string zone_file = "UTC";
    std::string language = "C.UTF-8"; // LANG
    std::string base = "https://gateway.acme.example";
    std::string user = "dev", host_name = "workstation";
    std::string remote = "https://git.acme.example/team/project.git";
    std::string author = "Dev Example", mail = "dev@acme.example";
    std::string machine_id = "7d1f6bc7b3f54d6ba7c29a1f0a6f9d31";
    std::string keyboard = "us";
    std::string key = "acme-5a11909747-key-of-an-inspection";     // of the gateway; no real one
    std::string answer;                                           // to what is no model call; empty: 404
    std::vector<std::pair<std::string, std::string>> environment; // on top
};

enum class Aspect : std::uint8_t {
    zone,
    zone_file, // TZ is not set then
    language,
    base,
    user,
    host_name,
    remote,
    author,
    mail,
    machine_id,
    keyboard,
    key,
    answer,
    environment // NAME=value
};

struct Alteration {
    Aspect aspect = Aspect::zone;
    std::string value;
};

struct Variation {
    std::string variable; // "time zone (TZ)"; of a pair both, with " × "
    std::string state;    // "Asia/Shanghai"
    std::vector<Alteration> changes;
    bool is_pair() const { return changes.size() > 1; }
};

Conditions conditions_of(const Variation& variation);
std::string host_of(std::string_view url); // "https://a.example:8080/x": a.example

// How the client itself may plainly spell what was changed: the value, its parts, other usual forms. What stands in a request so is an
// echo, which hides nothing. Longest first.
std::vector<std::string> spellings(const Variation& variation);
std::vector<std::string> spellings_of_neutral(const Variation& variation); // of what it replaced

// The built-in table, most telling first. `decoded`: what static inspection found hidden, or compared with.
std::vector<Variation> variations(const std::vector<std::string>& decoded);
std::vector<Variation> pairs(const std::vector<std::string>& decoded);

} // namespace sallyport::lab
