// Tests that providers and standards build into their values, so that a mistyped or invented one can be told from a real one.
// Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::content {

// What a value that fails means. A provider may change its format one day, so such a finding only becomes unlikely; a card or an
// account number that fails its standard's test is none.
enum class OnFailure : std::uint8_t { low_confidence, no_finding };

struct Checksum {
    std::string_view name; // as in rule files
    bool (*holds)(std::string_view value);
    OnFailure on_failure;
};

// Null where there is none of that name.
const Checksum* find_checksum(std::string_view name);

// CRC-32 (ISO 3309, as in zlib), the polynomial that GitHub's and npm's tokens use.
std::uint32_t crc32(std::string_view data);

// Personal numbers with check digits (national_ids.cpp).
bool nhs_number(std::string_view value);
bool brazil_cpf(std::string_view value);
bool poland_pesel(std::string_view value);
bool netherlands_bsn(std::string_view value);
bool switzerland_ahv(std::string_view value);
bool france_nir(std::string_view value);
bool belgium_number(std::string_view value);
bool spain_dni(std::string_view value);

} // namespace sallyport::content
