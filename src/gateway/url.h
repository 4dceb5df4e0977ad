// A URL of sallyport.yaml: a host that the gateway calls.
#pragma once

#include "base/secret.h"
#include "net/tcp.h"
#include "policy/yaml.h"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

struct Url {
    bool tls = false;
    net::HostPort where;
    std::string authority;
    std::string path;
    Secret user_info;
};

// "https://host[:port][/path]". A user part only where `may_have_user` (proxies). `what` names it in the mistake that tells what is wrong.
std::optional<Url> read_url(policy::Reader& reader, policy::Node node, std::string_view what, bool may_have_user);

} // namespace sallyport::gateway
