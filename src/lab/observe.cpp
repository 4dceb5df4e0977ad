#include "lab/observe.h"

#include "base/text.h"
#include "lab/body_places.h"
#include "lab/tls_hello.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace sallyport::lab {

namespace {

constexpr std::size_t id_characters = 8;

bool looks_like_id(std::string_view part) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto numbers = std::ranges::count_if(part, is_digit);
    if (!part.empty() && static_cast<std::size_t>(numbers) == part.size()) return true;
    return part.size() >= id_characters && numbers > 0 && std::ranges::all_of(part, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-';
           });
}

std::string label_of(const std::string& host, const Conditions& conditions) {
    return is_gateway(host, conditions) ? "gateway" : host;
}

std::string joined(const std::vector<std::string>& list, std::string_view between) {
    std::string out;
    for (const std::string& one : list) (out += out.empty() ? "" : between) += one;
    return out;
}

class Observing {
public:
    Observing(const Recording& recording, const Conditions& conditions)
        : recording_(recording), conditions_(conditions) {}

    void add(std::string place, std::string value, Channel channel, const std::string& host) {
        out.insert_or_assign(std::move(place),
                             Observed{without_dates(value, recording_.began_ms, conditions_), channel, host});
    }

    void request(const SentRequest& one, const std::string& name, const std::string& host) {
        add(name + " › request line", fmt::format("{} {}", one.target.starts_with('/') ? "path" : "URL", one.version),
            Channel::spelling, host);
        add(name + " › path", one.path, Channel::text, host);
        query(one, name, host);
        fields(one, name, host);
        if (one.method == "?" || !one.whole) return; // cut short: by our end of it, mostly
        add(name + " › framing", one.framing, Channel::spelling, host);
        if (!one.chunks.empty()) {
            std::vector<std::string> sizes;
            for (const std::size_t size : one.chunks) sizes.push_back(std::to_string(size));
            sizes.back() = "the rest";
            add(name + " › chunks", joined(sizes, " "), Channel::spelling, host);
        }
        for (BodyPlace& place : places_of_body(one.body, host != "gateway"))
            add(name + " › body " + place.path, std::move(place.value), place.channel, host);
    }

    void query(const SentRequest& one, const std::string& name, const std::string& host) {
        if (one.query.empty() && one.target.find('?') == std::string::npos) {
            add(name + " › query names", "", Channel::order, host);
            return;
        }
        std::string names;
        std::map<std::string, int> seen;
        for (std::size_t at = 0; at <= one.query.size();) {
            const std::size_t end = std::min(one.query.find('&', at), one.query.size());
            const std::string_view part = std::string_view(one.query).substr(at, end - at);
            const std::string key(part.substr(0, part.find('=')));
            names += (names.empty() ? "" : " ") + key;
            const int number = ++seen[key];
            add(fmt::format("{} › query {}{}", name, key, number > 1 ? fmt::format(" [{}]", number) : ""),
                std::string(part.substr(std::min(key.size() + 1, part.size()))), Channel::text, host);
            at = end + 1;
        }
        add(name + " › query names", names, Channel::order, host);
    }

    void fields(const SentRequest& one, const std::string& name, const std::string& host) {
        std::vector<std::string> order, cases;
        std::map<std::string, int> seen;
        for (const auto& [field, value] : one.fields) {
            const std::string lower = to_lower(field);
            order.push_back(lower);
            cases.push_back(field);
            if (lower == "content-length") continue; // follows from the body, which is compared
            const int number = ++seen[lower];
            add(fmt::format("{} › header {}{}", name, lower, number > 1 ? fmt::format(" [{}]", number) : ""), value,
                Channel::text, host);
        }
        add(name + " › header order", joined(order, " "), Channel::order, host);
        std::ranges::sort(cases, {}, [](const std::string& text) { return to_lower(text); });
        add(name + " › header names", joined(cases, " "), Channel::spelling, host);
    }

    void hellos() {
        std::map<std::string, std::set<std::string>> of; // a host may be called by several libraries of a client
        for (const RecordedConnection& one : recording_.connections) {
            if (one.hello.empty()) continue;
            const TlsHello hello = read_hello(one.hello);
            const std::string name = "TLS " + label_of(one.host, conditions_);
            of[name + " › cipher suites"].insert(spelled(hello.ciphers));
            of[name + " › extensions"].insert(spelled(hello.extensions));
            of[name + " › groups"].insert(spelled(hello.groups));
            of[name + " › signatures"].insert(spelled(hello.signatures));
            of[name + " › versions"].insert(spelled(hello.versions));
            of[name + " › protocols"].insert(joined(hello.protocols, " "));
        }
        for (const auto& [place, values] : of) {
            const std::string host = place.substr(4, place.find(" › ") - 4);
            add(place, joined({values.begin(), values.end()}, "\n"), Channel::tls, host);
        }
    }

    // By what stands at their end: the first labels may hold anything.
    void names() {
        std::map<std::string, std::set<std::string>> forms;
        for (const RecordedName& one : recording_.names) {
            // Whoever calls an address asks for no name.
            if (is_gateway(one.name, conditions_) || one.name == conditions_.host_name) continue;
            const auto labels = static_cast<std::size_t>(std::ranges::count(one.name, '.')) + 1;
            auto cut = one.name.rfind('.');
            if (cut != std::string::npos && cut > 0) cut = one.name.rfind('.', cut - 1);
            const std::string end = cut == std::string::npos ? one.name : "*" + one.name.substr(cut);
            forms[fmt::format("{} ({} labels)", end, labels)].insert(one.name);
        }
        std::vector<std::string> all;
        for (const auto& [form, full] : forms) {
            all.push_back(form);
            add("DNS › " + form, joined({full.begin(), full.end()}, "\n"), Channel::names, form);
        }
        add("DNS › names", joined(all, "\n"), Channel::names, "");
    }

    Observations out;

private:
    const Recording& recording_;
    const Conditions& conditions_;
};

} // namespace

bool is_gateway(const std::string& host, const Conditions& conditions) {
    const std::string gateway = host_of(conditions.base);
    const auto is_here = [](std::string_view one) { return one == "localhost" || one == "127.0.0.1"; };
    return host == gateway || (is_here(host) && is_here(gateway));
}

std::string path_form(std::string_view path) {
    std::string out;
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view part = path.substr(at, end - at);
        if (at > 0) out += '/';
        out += looks_like_id(part) ? std::string_view("*") : part;
        at = end + 1;
    }
    return out;
}

Matched match(const Recording& recording, const Conditions& conditions, const Matched* reference) {
    Matched out;
    out.requests = requests_of(recording);
    out.names.resize(out.requests.size());
    const auto form = [&](const SentRequest& one) {
        return fmt::format("{} {} {}", one.method, label_of(one.host, conditions), path_form(one.path));
    };
    std::map<std::string, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < out.requests.size(); ++i) groups[form(out.requests[i])].push_back(i);
    for (auto& [name, members] : groups) {
        // Of the reference those of this kind, in their order, each matched by its size and its turn.
        std::vector<std::size_t> sizes;
        if (reference != nullptr)
            for (std::size_t i = 0; i < reference->requests.size(); ++i)
                if (reference->names[i] == name || reference->names[i].starts_with(name + " ["))
                    sizes.push_back(reference->requests[i].body.size());
        std::vector<bool> taken(sizes.size(), false);
        std::size_t extra = sizes.size();
        for (std::size_t turn = 0; turn < members.size(); ++turn) {
            std::size_t best = sizes.size();
            double least = 1e9;
            for (std::size_t i = 0; i < sizes.size(); ++i) {
                if (taken[i]) continue;
                const double ratio = std::log((static_cast<double>(out.requests[members[turn]].body.size()) + 200) /
                                              (static_cast<double>(sizes[i]) + 200));
                const double cost =
                    std::abs(ratio) * 4 + std::abs(static_cast<double>(i) - static_cast<double>(turn)) * 0.5;
                if (cost < least) least = cost, best = i;
            }
            if (best == sizes.size()) best = extra++;
            if (best < taken.size()) taken[best] = true;
            out.names[members[turn]] = best == 0 ? name : fmt::format("{} [{}]", name, best + 1);
        }
    }
    return out;
}

Observations observe(const Recording& recording, const Conditions& conditions, const Matched& matched) {
    Observing observing(recording, conditions);
    std::map<std::string, std::size_t> counts;
    std::string order;
    for (std::size_t i = 0; i < matched.requests.size(); ++i) {
        const SentRequest& one = matched.requests[i];
        const std::string host = label_of(one.host, conditions);
        observing.request(one, matched.names[i], host);
        const std::string kind = matched.names[i].substr(0, matched.names[i].find(" ["));
        ++counts[kind];
        if (host == "gateway") order += (order.empty() ? "" : "\n") + kind;
    }
    std::vector<std::string> kinds;
    for (const auto& [kind, count] : counts) {
        kinds.push_back(kind);
        observing.add(fmt::format("{}{}", number_of_requests, kind), std::to_string(count), Channel::requests, "");
    }
    observing.add("requests", joined(kinds, "\n"), Channel::requests, "");
    observing.add("order of requests to the gateway", order, Channel::order, "gateway");
    observing.hellos();
    observing.names();
    observing.add("exit code", recording.ended.empty() ? std::to_string(recording.exit_code) : recording.ended,
                  Channel::behaviour, "");
    observing.add("terminal", recording.output, Channel::behaviour, "");
    return std::move(observing.out);
}

} // namespace sallyport::lab
