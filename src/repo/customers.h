// Names of customers as whole words in paths and texts. Case does not count; between the words of a name may stand blanks, line ends,
// '-', '_', '.' and '/', or nothing: "Acme Bank" is found in "acme-bank/", "ACME_BANK_ID" and "acmebank", not in "AcmeBankId".
// Bytes beyond ASCII count as letters and are compared as they are. Immutable once made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::repo {

class CustomerNames {
public:
    struct Found {
        std::size_t name = 0;  // index into the names
        std::size_t begin = 0; // bytes
    };

    explicit CustomerNames(std::span<const std::string> names);
    // The first place of each name that stands in the text, in the order of the text.
    std::vector<Found> find(std::string_view text) const;

private:
    struct Name {
        std::vector<std::string> more; // words behind the first one
        std::size_t index = 0;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    bool follows(std::string_view text, std::size_t at, const Name& name) const;

    std::size_t count_ = 0;
    std::array<std::uint64_t, 256>
        sizes_{}; // by first byte, in lower case: bit n for words of n bytes that begin a name, 63 for longer
    std::unordered_map<std::string, std::vector<Name>, Hash, std::equal_to<>> by_first_word_;
};

} // namespace sallyport::repo
