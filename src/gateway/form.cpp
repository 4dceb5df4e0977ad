#include "gateway/form.h"

#include "base/encoding.h"

namespace sallyport::gateway {

namespace {

std::unexpected<Error> unreadable(const char* why) {
    return fail(ErrorKind::invalid, std::string("the form cannot be read: ") + why, ErrorSource::client);
}

Result<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const auto byte = from_hex(text.substr(i + 1, 2));
        if (!byte || byte->size() != 1) return unreadable("an escape in it is cut off or no hexadecimal number");
        out += *byte;
        i += 2;
    }
    return out;
}

// In capitals, as RFC 3986 section 2.1 asks: some providers compare texts.
std::string percent_encoded(char c) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    return {'%', digits[byte >> 4], digits[byte & 15]};
}

} // namespace

Result<Form> read_form(std::string_view text) {
    if (text.size() > form_bytes_max) return unreadable("it is too long");
    Form out;
    while (!text.empty()) {
        const std::string_view pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto name = decoded(pair.substr(0, equals));
        auto value = decoded(equals < pair.size() ? pair.substr(equals + 1) : std::string_view());
        if (!name) return std::unexpected(name.error());
        if (!value) return std::unexpected(value.error());
        if (!out.emplace(std::move(*name), std::move(*value)).second) return unreadable("a field stands in it twice");
        if (out.size() > form_fields_max) return unreadable("it has too many fields");
    }
    return out;
}

std::string_view field(const Form& form, std::string_view name) {
    const auto found = form.find(name);
    return found == form.end() ? std::string_view() : std::string_view(found->second);
}

std::string form_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~").contains(c);
        if (plain)
            out += c;
        else
            out += percent_encoded(c);
    }
    return out;
}

} // namespace sallyport::gateway
