#include "base/text.h"
#include "gateway/config_reader.h"
#include "policy/egress.h"

namespace sallyport::gateway {

using policy::Fields;
using policy::Node;

namespace {

constexpr std::int64_t idle_ms_least = 1'000;
constexpr std::int64_t idle_ms_most = 86'400'000;

// A certificate and its key, both or neither.
void load_pair(ConfigReader& reader, Node node, std::string_view what, std::string& certificate, std::string& key) {
    if (!node) return;
    Fields files(reader.reader(), node, what);
    certificate = reader.path(files.require("certificate"), "the certificate file").string();
    key = reader.path(files.require("key"), "the private key file").string();
    files.finish();
}

} // namespace

void load_forward(ConfigReader& reader, Node node, Config& config) {
    if (!node) return;
    Fields fields(reader.reader(), node, "forward");
    ForwardConfig forward;
    for (const Node item : reader.reader().list(fields.require("listen"), "listen"))
        if (const auto where = reader.address(item, "the forward proxy's address")) forward.listen.push_back(*where);
    load_pair(reader, fields.take("tls"), "tls", forward.certificate_file, forward.key_file);
    load_pair(reader, fields.take("authority"), "authority", forward.authority_certificate_file,
              forward.authority_key_file);
    if (const Node trust = fields.take("trust"))
        forward.ca_file = reader.path(trust, "the file of trusted certificates").string();
    if (const Node names = fields.take("names"); names && reader.reader().map(names, "names"))
        for (std::size_t i = 0; i < names.size(); ++i) {
            const std::string name = to_lower(names.key(i));
            const auto text = reader.reader().text(names.at(i), "an address");
            const auto address = text ? parse_ip_address(*text) : std::nullopt;
            if (!policy::is_host_name(name))
                reader.reader().mistake(names.key_place(i), "'" + policy::shown(name) + "' is no host name");
            else if (text && !address)
                reader.reader().mistake(names.at(i), "'" + policy::shown(*text) + "' is no address, such as 10.1.2.3");
            else if (address)
                forward.names.emplace_back(name, *address);
        }
    reader.milliseconds(fields, "idle", idle_ms_least, idle_ms_most, forward.idle_ms);
    if (const auto count =
            reader.reader().integer(fields.take("contacts_per_caller"), 1, 1'000'000, "contacts_per_caller"))
        forward.contacts_per_caller_max = static_cast<std::size_t>(*count);
    const Node bytes = fields.take("bytes_per_contact");
    if (const auto count = reader.reader().bytes(bytes, "bytes_per_contact")) {
        if (*count < 1024)
            reader.reader().mistake(bytes, "bytes_per_contact must be at least 1KiB");
        else
            forward.contact_bytes_max = static_cast<std::uint64_t>(*count);
    }
    fields.finish();
    config.forward = std::move(forward);
}

} // namespace sallyport::gateway
