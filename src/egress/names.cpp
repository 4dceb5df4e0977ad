#include "egress/names.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

#include <algorithm>

namespace sallyport::egress {

namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::uint16_t type_a = 1, type_aaaa = 28, type_opt = 41, class_in = 1;
constexpr unsigned no_error = 0, format_error = 1, no_such_name = 3, not_implemented = 4, refused = 5;
constexpr std::uint32_t first_address = (198u << 24) | (18u << 16) | 1; // 198.18.0.1
constexpr std::size_t addresses_max = (1u << 17) - 2;
constexpr std::uint32_t ttl_s = 60;

std::unexpected<Error> bad(const char* what) { return fail(ErrorKind::invalid, what, ErrorSource::client); }

std::uint16_t two_bytes(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                      static_cast<unsigned char>(bytes[at + 1]));
}
void put_two(std::string& out, unsigned value) {
    out += static_cast<char>(value >> 8 & 0xFF);
    out += static_cast<char>(value & 0xFF);
}

// The name in wire form that begins at `at`, which is moved past it.
Result<std::string> take_name(std::string_view datagram, std::size_t& at) {
    std::string name;
    while (true) {
        if (at >= datagram.size()) return bad("the question's name is cut short");
        const std::size_t length = static_cast<unsigned char>(datagram[at++]);
        if (length == 0) break;
        if (length > 63) return bad("the question's name is compressed or has a label of another kind");
        if (at + length > datagram.size()) return bad("the question's name is cut short");
        if (!name.empty()) name += '.';
        name += to_lower(datagram.substr(at, length));
        if (datagram.substr(at, length).find('.') != std::string_view::npos)
            return bad("a label of the question's name holds a dot");
        at += length;
        if (name.size() > 253) return bad("the question's name is longer than 253 characters");
    }
    return name;
}

// At most one OPT record behind the question (RFC 6891): the root name, its type, and data that is passed over.
bool is_edns(std::string_view rest) {
    return rest.size() >= 11 && rest[0] == '\0' && two_bytes(rest, 1) == type_opt &&
           rest.size() == 11u + two_bytes(rest, 9);
}

std::string reply(const NameQuestion& question, std::string_view datagram, unsigned code, const IpAddress* address) {
    std::string out;
    put_two(out, question.id);
    // QR, AA, and RD as asked; RA, so that stub resolvers do not complain.
    put_two(out, 0x8400u | (question.recursion_desired ? 0x0100u : 0u) | 0x0080u | code);
    put_two(out, question.question_bytes != 0 ? 1 : 0);
    put_two(out, address != nullptr ? 1 : 0);
    put_two(out, 0);
    put_two(out, 0);
    out += datagram.substr(header_bytes, question.question_bytes);
    if (address == nullptr) return out;
    put_two(out, 0xC000u | header_bytes); // the question's name
    put_two(out, question.type);
    put_two(out, class_in);
    put_two(out, 0);
    put_two(out, ttl_s);
    const bool is_v4 = question.type == type_a;
    put_two(out, is_v4 ? 4 : 16);
    out.append(reinterpret_cast<const char*>(address->bytes.data()) + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
    return out;
}

} // namespace

Result<NameQuestion> parse_question(std::string_view datagram) {
    if (datagram.size() < header_bytes) return bad("a DNS message is shorter than its header");
    if (datagram.size() > limits::dns_message_bytes_max) return bad("a DNS question is longer than 512 bytes");
    NameQuestion question;
    question.id = two_bytes(datagram, 0);
    const unsigned flags = two_bytes(datagram, 2);
    if ((flags & 0x8000u) != 0) return bad("a DNS message is an answer, not a question");
    if ((flags & 0x7800u) != 0) return bad("a DNS message is no standard query");
    if ((flags & 0x0200u) != 0) return bad("a DNS question is cut short");
    question.recursion_desired = (flags & 0x0100u) != 0;
    const unsigned additional = two_bytes(datagram, 10);
    if (two_bytes(datagram, 4) != 1 || two_bytes(datagram, 6) != 0 || two_bytes(datagram, 8) != 0 || additional > 1)
        return bad("a DNS message holds other than one question");
    std::size_t at = header_bytes;
    auto name = take_name(datagram, at);
    if (!name) return std::unexpected(name.error());
    question.name = std::move(*name);
    if (at + 4 > datagram.size()) return bad("a DNS question is cut short");
    question.type = two_bytes(datagram, at);
    question.cls = two_bytes(datagram, at + 2);
    at += 4;
    question.question_bytes = at - header_bytes;
    const std::string_view rest = datagram.substr(at);
    if (additional == 0 ? !rest.empty() : !is_edns(rest))
        return bad("something other than EDNS stands behind a DNS question");
    return question;
}

std::optional<IpAddress> NameAnswerer::address_of(const std::string& name, Contact& contact) {
    if (const auto fixed = fixed_.find(name); fixed != fixed_.end()) {
        contact.allowed = true;
        contact.reason = "a name of this installation";
        return fixed->second;
    }
    if (!policy::is_host_name(name)) {
        contact.reason = "no host name";
        return {};
    }
    const policy::EgressRule* rule = policy::name_rule(rules_, class_, name);
    contact.rule = rule != nullptr ? rule->id : std::string();
    contact.reason = rule != nullptr ? rule->why : "no egress rule of the policy allows it";
    if (rule == nullptr || rule->act == policy::Contact::refuse) return {};
    auto given = given_.find(name);
    if (given == given_.end()) {
        if (names_.size() >= limits::resolved_names_remembered_max || names_.size() >= addresses_max) {
            contact.reason = "more names were asked for in one run than are answered";
            return {};
        }
        given = given_.emplace(name, static_cast<std::uint32_t>(names_.size())).first;
        names_.push_back(name);
    }
    contact.allowed = true;
    return ipv4(first_address + given->second);
}

std::string NameAnswerer::answer(std::string_view datagram) {
    const Result<NameQuestion> read = parse_question(datagram);
    Contact contact;
    contact.how = How::dns;
    contact.begun_ms = wall_ms();
    if (!read) {
        contact.reason = read.error().message;
        receipts_.name_asked(contact);
        if (datagram.size() < header_bytes || (static_cast<unsigned char>(datagram[2]) & 0x80) != 0)
            return {}; // never answer an answer
        NameQuestion unread;
        unread.id = two_bytes(datagram, 0);
        const bool is_query = (static_cast<unsigned char>(datagram[2]) & 0x78) == 0;
        return reply(unread, datagram, is_query ? format_error : not_implemented, nullptr);
    }
    contact.host = read->name;
    if (read->cls != class_in) {
        contact.reason = "a class other than IN was asked for";
        receipts_.name_asked(contact);
        return reply(*read, datagram, refused, nullptr);
    }
    const std::optional<IpAddress> address = address_of(read->name, contact);
    if (address) contact.address = address->text();
    receipts_.name_asked(contact);
    if (!address) return reply(*read, datagram, no_such_name, nullptr);
    const bool fits = read->type == (address->is_v4() ? type_a : type_aaaa);
    return reply(*read, datagram, no_error, fits ? &*address : nullptr);
}

std::string NameAnswerer::name_of(const IpAddress& address) const {
    for (const auto& [name, fixed] : fixed_)
        if (fixed == address) return name;
    if (!address.is_v4()) return {};
    std::uint32_t number = 0;
    for (std::size_t i = 12; i < 16; ++i) number = number << 8 | address.bytes[i];
    number -= first_address;
    return number < names_.size() ? names_[number] : std::string();
}

} // namespace sallyport::egress
