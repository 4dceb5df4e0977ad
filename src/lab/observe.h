// A run as places and what stood there, so that two runs can be compared place by place: each JSON leaf by its path, the order of keys and
// of lists, each header and their order and case, query, framing, white space, number forms (values are raw), TLS hello, names asked. A
// place that another run lacks is told by the place that counts (order, names, length), never by silence. Pure.
#pragma once

#include "lab/conditions.h"
#include "lab/requests.h"

#include <map>
#include <string>
#include <vector>

namespace sallyport::lab {

enum class Channel : std::uint8_t {
    text,      // a value: JSON leaf, header, query parameter, other body
    order,     // of keys, list entries, headers, parameters, requests
    spelling,  // case of header names, white space, framing, request line
    requests,  // which, how many
    tls,       // the hello
    names,     // DNS
    behaviour, // exit code, what stands in the terminal
};

struct Observed {
    std::string value;
    Channel channel = Channel::text;
    std::string host; // to whom; "gateway" is that of the base URL
};
using Observations = std::map<std::string, Observed>; // by place

// `reference`: a run to whose requests these are matched, where there are several of a kind; null: this is it. What the run's date and
// time spell like is written "YYYY", "MM" …: it differs by itself.
struct Matched {
    std::vector<SentRequest> requests;
    std::vector<std::string> names; // one each: "POST gateway /v1/messages [2]"
};
Matched match(const Recording& recording, const Conditions& conditions, const Matched* reference);
Observations observe(const Recording& recording, const Conditions& conditions, const Matched& matched);

inline constexpr std::string_view number_of_requests = "number of › "; // places of this name, by kind

// Dates of the moment (by UTC and by the zone of the conditions) and times behind them, masked digit by digit; what separates the digits stays.
std::string without_dates(std::string_view text, std::int64_t wall_ms, const Conditions& conditions);
bool is_gateway(const std::string& host, const Conditions& conditions);
// "a/0f3a9c…/b": parts that look like ids are "*".
std::string path_form(std::string_view path);

} // namespace sallyport::lab
