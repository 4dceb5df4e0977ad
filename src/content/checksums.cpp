#include "content/checksums.h"

#include <array>
#include <cstddef>

namespace sallyport::content {

namespace {

constexpr std::array<std::uint32_t, 256> crc_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (0xEDB88320u & (0u - (value & 1u)));
        table[i] = value;
    }
    return table;
}();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "prefix_" + 30 characters + the CRC-32 of these 30 as six base-62 digits (github.blog, "Behind GitHub's new authentication token
// formats", 2021; npm took over the same form).
bool thirty_and_crc(std::string_view token) {
    static constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const auto underscore = token.find('_');
    if (underscore == std::string_view::npos || token.size() - underscore - 1 != 36) return false;
    const auto body = token.substr(underscore + 1, 30);
    auto rest = crc32(body);
    for (std::size_t i = 36; i-- > 30; rest /= 62)
        if (token[underscore + 1 + i] != digits[rest % 62]) return false;
    return true;
}

// ISO/IEC 7812-1, annex B; spaces and hyphens between the digits are skipped.
bool luhn(std::string_view number) {
    int sum = 0, count = 0;
    for (std::size_t i = number.size(); i-- > 0;) {
        if (!is_digit(number[i])) continue;
        int digit = number[i] - '0';
        if (count++ % 2 == 1) digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
        sum += digit;
    }
    return count >= 12 && sum % 10 == 0;
}

// ISO 13616 / ISO 7064 mod 97-10: the first four characters go to the end, letters count 10 to 35, the whole is 1 modulo 97.
bool iban(std::string_view text) {
    std::array<char, 34> compact{};
    std::size_t size = 0;
    for (const char c : text) {
        if (c == ' ') continue;
        if (size == compact.size()) return false;
        compact[size++] = c;
    }
    if (size < 15) return false;
    unsigned rest = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const char c = compact[(i + 4) % size];
        if (is_digit(c))
            rest = (rest * 10 + unsigned(c - '0')) % 97;
        else if (c >= 'A' && c <= 'Z')
            rest = (rest * 100 + unsigned(c - 'A' + 10)) % 97;
        else
            return false;
    }
    return rest == 1;
}

constexpr Checksum checksums[] = {
    {"github", thirty_and_crc, OnFailure::low_confidence},
    {"npm", thirty_and_crc, OnFailure::low_confidence},
    {"luhn", luhn, OnFailure::no_finding},
    {"iban", iban, OnFailure::no_finding},
    {"nhs", nhs_number, OnFailure::no_finding},
    {"cpf", brazil_cpf, OnFailure::no_finding},
    {"pesel", poland_pesel, OnFailure::no_finding},
    {"bsn", netherlands_bsn, OnFailure::no_finding},
    {"ahv", switzerland_ahv, OnFailure::no_finding},
    {"nir", france_nir, OnFailure::no_finding},
    {"belgium", belgium_number, OnFailure::no_finding},
    {"dni", spain_dni, OnFailure::no_finding},
};

} // namespace

std::uint32_t crc32(std::string_view data) {
    std::uint32_t state = 0xFFFFFFFFu;
    for (const char c : data) state = crc_table[(state ^ static_cast<unsigned char>(c)) & 0xFF] ^ (state >> 8);
    return ~state;
}

const Checksum* find_checksum(std::string_view name) {
    for (const auto& checksum : checksums)
        if (checksum.name == name) return &checksum;
    return nullptr;
}

} // namespace sallyport::content
