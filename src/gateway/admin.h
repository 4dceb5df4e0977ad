// The admin listener: /healthz, /readyz, /metrics, AuthZEN's questions (authzen.h) and, with a key, those to the ledger (ledger_desk.h),
// apart from where clients call. Its Host must be one we were told of and its
// Origin, where there is one, too, so that a web page in somebody's browser cannot ask (DNS rebinding).
#pragma once

#include "catalog/advisories.h"
#include "gateway/metrics.h"
#include "http/exchange.h"
#include "policy/document.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::gateway {

struct AdminView {
    std::function<std::string()> not_ready_because; // empty: ready
    std::function<std::string()> metrics;
    std::function<std::shared_ptr<const policy::Policy>()> policy; // in force
    std::function<std::shared_ptr<const catalog::Advisories>()> advisories;
    std::function<net::Task<void>(http::Exchange&)> ledger;    // answers what is_ledger_path() says
    std::function<net::Task<void>(http::Exchange&)> directory; // answers below directory_path
    std::vector<std::string> hosts;                            // lower case, with port
};

net::Task<void> answer_admin(const AdminView& view, http::Exchange& exchange);

} // namespace sallyport::gateway
