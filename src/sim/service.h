// One loop's vendor: reads a request, keeps a record of it, chooses what to answer and how to break it, sends.
//
// Paths: the endpoints of all four dialects; HEAD / and HEAD /api/hello; and for tests GET /vendor/requests, GET /vendor/next,
// POST /vendor/reset. A request may carry `x-vendor-fault: SPEC` and `x-vendor-answer: events(N)` or `text(N)`; the latter is
// answered without a look into the body, which is what benchmarks want.
#pragma once

#include "http/buffers.h"
#include "http/exchange.h"
#include "json/document.h"
#include "sim/directive.h"
#include "sim/record.h"
#include "sim/request_view.h"
#include "sim/sender.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::sim {

// What the loops have in common. Immutable but for the counts and the record, which are thread-safe.
struct Shared {
    std::vector<Fault> faults; // of all requests; the first that strikes
    std::uint64_t seed = 1;
    bool digest = true;
    bool one_loop = true;
    std::uint16_t port = 0;
    std::unique_ptr<Record> record;
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<std::uint64_t> model_calls = 0;
};

// One answer that is not streamed.
std::shared_ptr<const Composed> body_of(std::string bytes);

class Service {
public:
    Service(Shared& shared, http::BufferPool& buffers) : shared_(shared), buffers_(buffers) {}
    net::Task<void> handle(http::Exchange& exchange, const http::Arrival& arrival);

private:
    net::Task<void> control(http::Exchange& exchange);
    // All of it between two waits: the scratch members are this call's alone.
    Reply choose(const http::RequestHead&, std::string_view body, Received& received);
    Reply error(Dialect, int status, std::string_view message) const;
    // These are in model_answer.cpp.
    Reply choose_model_answer(const dialect::Endpoint&, const http::RequestHead&, std::string_view body,
                              Received& received);
    Reply generate(const dialect::Endpoint&, const RequestView&, const Directives&, std::string_view body,
                   std::uint64_t number);
    Reply prepared(const RequestView&, Dialect, const Directives&);
    Reply failed(Dialect, Fault) const; // as a status of the fault's own
    Result<void> choose_fault(const http::RequestHead&, std::string_view in_text, bool streams, Reply&);

    Shared& shared_;
    http::BufferPool& buffers_;
    Gate gate_;
    json::Document document_;
    std::map<std::string, std::shared_ptr<const Composed>> prepared_;
};

} // namespace sallyport::sim
