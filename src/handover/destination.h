// A destination as sallyport.yaml says it, with what reaching it needs. Immutable; exchanged whole at a reload.
#pragma once

#include "base/limits.h"
#include "base/secret.h"
#include "handover/format.h"
#include "http/client.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::handover {

enum class Transport : std::uint8_t { http, syslog, file };

struct Destination {
    std::string name; // of the cursor, too
    Transport transport = Transport::http;
    Format format = Format::ocsf;
    bool from_start = false; // where there is no cursor yet: from the first entry on, not from the present end

    // http and syslog
    std::size_t pool_id = 0;
    http::Origin origin;
    std::string path;              // http: "/…"
    std::string credential_header; // http: lower case; empty: authorization with the format's own scheme
    Secret credential;
    std::int64_t timeout_ms = limits::handover_ms; // of one batch

    std::filesystem::path file; // file
};

using Destinations = std::vector<std::shared_ptr<const Destination>>;

} // namespace sallyport::handover
