// Targets of the forward proxy: what is accepted has one host, in one form, which is read as the same again; no reader of addresses sees
// another one in it.
#include "base/network.h"
#include "egress/address.h"
#include "egress/receipts.h"
#include "egress/target.h"
#include "policy/egress.h"

#include <arpa/inet.h>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace sallyport;
using namespace sallyport::egress;

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const Target& target) {
    require(target.port != 0 && !target.host.empty() && target.host.size() <= 253);
    for (const char c : target.host)
        require((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':');
    const auto address = parse_ip_address(target.host);
    require(address.has_value() == target.is_address);
    if (address) {
        require(address->text() == target.host);
        static_cast<void>(not_public(*address));
    } else {
        require(policy::is_host_name(target.host));
        in_addr odd{};
        require(::inet_aton(target.host.c_str(), &odd) == 0); // 127.1, 0x7f000001, 017700000001
    }
    const auto again = parse_authority(target.text());
    require(again && again->host == target.host && again->port == target.port &&
            again->is_address == target.is_address);
    require(same_host(target.text(), target, 80));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto authority = parse_authority(text)) check(*authority);
    if (const auto url = parse_url(text)) {
        check(url->target);
        require(url->path_and_query.starts_with('/') &&
                text.ends_with(url->path_and_query == "/" ? "" : url->path_and_query));
    }
    if (const auto network = parse_network(text)) require(network->holds(network->base) && network->bits <= 128);
    static_cast<void>(path_shown(text));
    return 0;
}
