// Whom a client contacted over all runs and what went there: hosts, kinds of requests, bytes; whether the key or the gateway's own address
// went to somebody else, and whether a model was asked past the gateway. And what an off-switch really stopped. Pure.
#pragma once

#include "lab/observe.h"

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace sallyport::lab {

struct KindReceipt {
    std::size_t requests = 0, runs = 0;
    std::uint64_t bytes = 0;
};
struct HostReceipt {
    std::size_t runs = 0, requests = 0;
    std::uint64_t sent_bytes = 0, received_bytes = 0;
    std::map<std::string, KindReceipt> kinds; // "POST /api/x"
    std::set<std::string> key_in, gateway_in; // where: "POST /api/x, header x-api-key"
    std::set<std::string> model_calls;        // past the gateway
    std::set<std::string> problems;           // "it did not take the certificate"
};

class RunReceipts {
public:
    void add(const Recording& recording, const Matched& matched, const Conditions& conditions);
    const std::map<std::string, HostReceipt>& hosts() const { return hosts_; } // the gateway's is "gateway"
    std::size_t runs() const { return runs_; }
    bool leaks_key() const;

private:
    std::map<std::string, HostReceipt> hosts_;
    std::size_t runs_ = 0;
};

// Kinds of requests of one run, the gateway's too: "POST gateway /v1/messages".
std::set<std::string> kinds_of(const Matched& matched, const Conditions& conditions);

struct MeasuredSwitch {
    std::string name, source;
    std::vector<std::string> stops;  // in every run without it, in none with it
    std::vector<std::string> remain; // to others than the gateway
    std::vector<std::string> adds;
    std::size_t runs = 0;
};
MeasuredSwitch measured(std::span<const std::set<std::string>> without, std::span<const std::set<std::string>> with);

} // namespace sallyport::lab
