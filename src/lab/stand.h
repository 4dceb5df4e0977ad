// All that a client meets outside in one run: DNS that knows every name, hosts that answer at every address, with certificates of the run's
// authority. Model calls are answered by the simulated vendor, all else in a way that does no harm. What comes is recorded before it is
// looked at. Lives on one loop; after close() it may be destroyed once it is not busy.
#pragma once

#include "base/network.h"
#include "crypto/certificates.h"
#include "egress/names.h"
#include "http/server.h"
#include "lab/recording.h"
#include "net/loop.h"
#include "sim/service.h"

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sallyport::lab {

// Of all runs of one inspection: the authority that clients are told to trust, and what it minted. One thread.
class Authority {
public:
    static Result<std::unique_ptr<Authority>> make();
    const std::string& certificate() const { return ca_->certificate(); }
    Result<std::shared_ptr<const net::TlsContext>> leaf(const std::string& host);

private:
    std::shared_ptr<const crypto::CertificateAuthority> ca_;
    std::map<std::string, std::shared_ptr<const net::TlsContext>> leaves_;
};

class Stand final : net::Watcher {
public:
    Stand(net::Loop& loop, Authority& authority, std::string answer, Recording& into);
    ~Stand();
    // Sockets that listen inside: TCP ones, and the one of DNS. Takes them.
    Result<void> listen(const std::vector<int>& doors, int names);
    void close();
    bool is_busy() const { return busy_ > 0 || connections_.load() > 0; }
    std::uint64_t reads() const { return reads_; } // moves while something comes

private:
    struct Talk;
    void ready(std::uint32_t events) override; // questions of DNS
    net::Task<void> accept_from(net::Listener& listener);
    net::Task<void> meet(int descriptor, std::size_t number);
    net::Task<Result<std::unique_ptr<net::Stream>>> open(int descriptor, std::size_t number);
    net::Task<std::string> peek(net::Stream& stream, int descriptor, bool& ended);
    net::Task<bool> pass_proxy(std::unique_ptr<net::Stream>& stream, RecordedConnection& record);
    net::Task<void> converse(std::unique_ptr<net::Stream> stream, std::size_t number);
    net::Task<void> pass_answers(std::shared_ptr<Talk> talk, std::size_t number);
    net::Task<void> serve(std::unique_ptr<net::Stream> stream);
    net::Task<void> answer(http::Exchange& exchange, const http::Arrival& arrival);
    void record(std::size_t number, std::string_view bytes);

    net::Loop& loop_;
    Authority& authority_;
    std::string answer_;
    Recording& into_;
    std::vector<policy::EgressRule> all_names_;
    std::unique_ptr<egress::Receipts> asked_;
    egress::NameAnswerer answerer_;
    http::BufferPool buffers_;
    sim::Shared vendor_;
    sim::Service service_;
    std::atomic<std::size_t> connections_ = 0;
    http::Server server_;
    std::vector<std::unique_ptr<net::Listener>> listeners_;
    std::set<net::Stream*> open_;
    int names_ = -1;
    std::size_t busy_ = 0, recorded_bytes_ = 0;
    std::uint64_t reads_ = 0;
    bool closed_ = false;
};

} // namespace sallyport::lab
