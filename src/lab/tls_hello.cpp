#include "lab/tls_hello.h"

#include "base/text.h"

#include <fmt/format.h>

namespace sallyport::lab {

namespace {

constexpr std::uint16_t server_name = 0, groups = 10, signatures = 13, protocols = 16, versions = 43;

// A view that is eaten from the front; once it was too short it stays empty.
class Bytes {
public:
    explicit Bytes(std::string_view bytes) : rest_(bytes) {}
    std::uint32_t number(std::size_t size) {
        std::uint32_t out = 0;
        for (const char c : take(size)) out = out << 8 | static_cast<unsigned char>(c);
        return out;
    }
    std::string_view take(std::size_t size) {
        if (size > rest_.size()) {
            failed_ = true;
            rest_ = {};
            return {};
        }
        const std::string_view out = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return out;
    }
    // A part with its length in `size` bytes before it.
    std::string_view counted(std::size_t size) {
        const std::uint32_t length = number(size);
        return take(length);
    }
    bool empty() const { return rest_.empty(); }
    bool failed() const { return failed_; }

private:
    std::string_view rest_;
    bool failed_ = false;
};

std::vector<std::uint16_t> numbers(std::string_view bytes) {
    std::vector<std::uint16_t> out;
    for (Bytes rest(bytes); !rest.empty();)
        if (const auto one = static_cast<std::uint16_t>(rest.number(2)); !rest.failed()) out.push_back(one);
    return out;
}

void read_extension(std::uint16_t type, std::string_view data, TlsHello& out) {
    Bytes bytes(data);
    if (type == groups) out.groups = numbers(bytes.counted(2));
    if (type == signatures) out.signatures = numbers(bytes.counted(2));
    if (type == versions) out.versions = numbers(bytes.counted(1));
    if (type == protocols)
        for (Bytes list(bytes.counted(2)); !list.empty();) out.protocols.emplace_back(list.counted(1));
    if (type == server_name) {
        Bytes list(bytes.counted(2));
        if (list.number(1) == 0) out.server_name = to_lower(list.counted(2));
    }
}

} // namespace

TlsHello read_hello(std::string_view record) {
    TlsHello out;
    Bytes bytes(record);
    if (bytes.number(1) != 22) return out;
    bytes.take(2);
    Bytes handshake(bytes.counted(2));
    if (handshake.number(1) != 1) return out;
    Bytes hello(handshake.counted(3));
    out.version = static_cast<std::uint16_t>(hello.number(2));
    hello.take(32);
    out.session_bytes = hello.counted(1).size();
    out.ciphers = numbers(hello.counted(2));
    hello.counted(1);
    for (Bytes list(hello.counted(2)); !list.empty();) {
        const auto type = static_cast<std::uint16_t>(list.number(2));
        const std::string_view data = list.counted(2);
        if (list.failed()) return out;
        out.extensions.push_back(type);
        read_extension(type, data, out);
    }
    out.whole = !hello.failed() && !handshake.failed() && !bytes.failed();
    return out;
}

std::string spelled(const std::vector<std::uint16_t>& list) {
    std::string out;
    for (const std::uint16_t one : list) {
        if (!out.empty()) out += ' ';
        const bool is_grease = (one & 0x0F0F) == 0x0A0A && (one >> 8) == (one & 0xFF);
        out += is_grease ? "grease" : fmt::format("{:04x}", one);
    }
    return out;
}

} // namespace sallyport::lab
