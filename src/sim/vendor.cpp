#include "sim/vendor.h"

#include "http/server.h"
#include "sim/service.h"

#include <thread>

namespace sallyport::sim {

namespace {

constexpr unsigned threads_max = 64;

// One loop and what serves on it. The loop goes first: the tasks it destroys still refer to the rest.
struct Site {
    Site(Shared& shared, std::atomic<std::size_t>& connections)
        : loop(std::make_unique<net::Loop>()), service(shared, buffers),
          server(
              *loop, buffers, http::Timeouts{},
              [this](http::Exchange& exchange, const http::Arrival& arrival) {
                  return service.handle(exchange, arrival);
              },
              connections, limits::connections_max) {}
    ~Site() {
        loop->post([this] {
            server.drain(); // closes the listeners while their loop is there
            loop->stop();
        });
        if (thread.joinable())
            thread.join();
        else
            loop->run();
        loop.reset();
    }
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;

    std::unique_ptr<net::Loop> loop;
    http::BufferPool buffers;
    Service service;
    http::Server server;
    std::thread thread;
};

Result<std::vector<Fault>> read_faults(const VendorOptions& options) {
    std::vector<Fault> faults;
    for (const std::string& spec : options.faults) {
        Result<Fault> fault = parse_fault(spec);
        if (!fault) return std::unexpected(fault.error());
        faults.push_back(std::move(*fault));
    }
    if (options.gate) {
        if (faults.empty()) faults.emplace_back();
        for (Fault& fault : faults) fault.gate = true;
    }
    return faults;
}

} // namespace

struct Vendor::Parts {
    Shared shared;
    std::atomic<std::size_t> connections = 0;
    std::shared_ptr<const net::TlsContext> tls;
    std::string host;
    std::vector<std::unique_ptr<Site>> sites;
};

Vendor::Vendor(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Vendor::~Vendor() = default;

std::uint16_t Vendor::port() const { return parts_->shared.port; }

std::string Vendor::url() const {
    return (parts_->tls ? "https://" : "http://") + net::HostPort{parts_->host, parts_->shared.port}.text();
}

Result<std::unique_ptr<Vendor>> Vendor::start(const VendorOptions& options) {
    auto parts = std::make_unique<Parts>();
    Shared& shared = parts->shared;
    Result<net::HostPort> where = net::parse_host_port(options.listen);
    if (!where) return std::unexpected(where.error());
    if (options.threads < 1 || options.threads > threads_max)
        return fail(ErrorKind::invalid, "threads must be 1 to " + std::to_string(threads_max));
    if (options.gate && options.threads != 1) return fail(ErrorKind::invalid, "a gate works with one thread only");
    if (options.tls_certificate.empty() != options.tls_key.empty())
        return fail(ErrorKind::invalid, "TLS needs both a certificate and its key");
    if (!options.tls_certificate.empty()) {
        auto context = net::TlsContext::server(options.tls_certificate, options.tls_key);
        if (!context) return std::unexpected(context.error());
        parts->tls = std::move(*context);
    }
    Result<std::vector<Fault>> faults = read_faults(options);
    if (!faults) return std::unexpected(faults.error());
    auto record = Record::open(options.log_file, options.save_folder, options.digest);
    if (!record) return std::unexpected(record.error());
    shared.faults = std::move(*faults);
    shared.record = std::move(*record);
    shared.seed = options.seed;
    shared.digest = options.digest;
    shared.one_loop = options.threads == 1;
    parts->host = where->host;
    for (unsigned i = 0; i < options.threads; ++i) {
        auto site = std::make_unique<Site>(shared, parts->connections);
        auto listener = net::Listener::open(*site->loop, *where);
        if (!listener) return std::unexpected(listener.error());
        shared.port = where->port = (*listener)->port(); // the others share what the first was given
        http::Server::TlsNow tls;
        if (parts->tls) tls = [context = parts->tls] { return context; };
        site->server.listen(std::move(*listener), std::move(tls));
        parts->sites.push_back(std::move(site));
    }
    for (const auto& site : parts->sites) site->thread = std::thread([&loop = *site->loop] { loop.run(); });
    return std::unique_ptr<Vendor>(new Vendor(std::move(parts)));
}

} // namespace sallyport::sim
