// Check digits of personal numbers. Each takes the value as written; spaces, dots, hyphens and slashes between its characters are skipped.
#include "content/checksums.h"

#include <array>
#include <cstddef>

namespace sallyport::content {

namespace {

// The digits of a value, at most 24 (more is none of these numbers); `size` 0 where something else stands in it.
struct Digits {
    std::array<int, 24> at{};
    std::size_t size = 0;

    explicit Digits(std::string_view value) {
        for (const char c : value) {
            if (c == ' ' || c == '.' || c == '-' || c == '/') continue;
            if (c < '0' || c > '9' || size == at.size()) {
                size = 0;
                return;
            }
            at[size++] = c - '0';
        }
    }
    template <std::size_t n> int weighted(const std::array<int, n>& weights) const {
        int sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += weights[i] * at[i];
        return sum;
    }
    std::uint64_t number(std::size_t begin, std::size_t count) const {
        std::uint64_t value = 0;
        for (std::size_t i = begin; i < begin + count; ++i) value = value * 10 + static_cast<std::uint64_t>(at[i]);
        return value;
    }
};

} // namespace

// United Kingdom, NHS number: ten digits, weights 10 to 2, modulo 11 (NHS Data Dictionary, "NHS NUMBER").
bool nhs_number(std::string_view value) {
    const Digits digits(value);
    if (digits.size != 10) return false;
    const int check = 11 - digits.weighted<9>({10, 9, 8, 7, 6, 5, 4, 3, 2}) % 11;
    return check % 11 == digits.at[9] && check != 10;
}

// Brazil, CPF: eleven digits, two of them check digits modulo 11 (Receita Federal).
bool brazil_cpf(std::string_view value) {
    const Digits digits(value);
    if (digits.size != 11) return false;
    const auto check = [](int sum) { return sum * 10 % 11 % 10; };
    return check(digits.weighted<9>({10, 9, 8, 7, 6, 5, 4, 3, 2})) == digits.at[9] &&
           check(digits.weighted<10>({11, 10, 9, 8, 7, 6, 5, 4, 3, 2})) == digits.at[10];
}

// Poland, PESEL: eleven digits, weights 1 3 7 9 (gov.pl).
bool poland_pesel(std::string_view value) {
    const Digits digits(value);
    return digits.size == 11 && digits.weighted<11>({1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1}) % 10 == 0;
}

// Netherlands, burgerservicenummer: nine digits, the "eleven test" with the last digit taken off.
bool netherlands_bsn(std::string_view value) {
    const Digits digits(value);
    return digits.size == 9 && digits.weighted<9>({9, 8, 7, 6, 5, 4, 3, 2, -1}) % 11 == 0;
}

// Switzerland, AHV number: 756 and ten more digits, check digit as EAN-13.
bool switzerland_ahv(std::string_view value) {
    const Digits digits(value);
    return digits.size == 13 && digits.number(0, 3) == 756 &&
           digits.weighted<13>({1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1}) % 10 == 0;
}

// France, NIR: thirteen digits and a key of two, 97 minus the number modulo 97 (INSEE). Corsican departments with a letter: not here.
bool france_nir(std::string_view value) {
    const Digits digits(value);
    return digits.size == 15 && 97 - digits.number(0, 13) % 97 == digits.number(13, 2);
}

// Belgium, national number: nine digits and a key of two, 97 minus the rest modulo 97; born from 2000 with a 2 in front.
bool belgium_number(std::string_view value) {
    const Digits digits(value);
    if (digits.size != 11) return false;
    const auto number = digits.number(0, 9), key = digits.number(9, 2);
    return 97 - number % 97 == key || 97 - (2'000'000'000 + number) % 97 == key;
}

// Spain, DNI: eight digits and the letter that their rest modulo 23 names.
bool spain_dni(std::string_view value) {
    static constexpr std::string_view letters = "TRWAGMYFPDXBNJZSQVHLCKE";
    if (value.empty()) return false;
    const Digits digits(value.substr(0, value.size() - 1));
    return digits.size == 8 && letters[digits.number(0, 8) % 23] == value.back();
}

} // namespace sallyport::content
