#include "lab/places.h"

#include "base/text.h"
#include "content/code_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace sallyport::lab {

namespace {

constexpr auto regions = std::to_array<std::string_view>({"Africa/", "America/", "Antarctica/", "Arctic/", "Asia/",
                                                          "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"});

// ISO 639-1, those with many speakers.
constexpr std::string_view languages = " ar bg bn cs da de el en es fa fi fr he hi hr hu id it ja ko ms nb nl no pl pt "
                                       "ro ru sk sr sv sw ta th tr uk ur vi zh ";
constexpr auto layouts = std::to_array<std::string_view>(
    {"qwerty", "qwertz", "azerty", "dvorak", "colemak", "jcuken", "pinyin", "wubi", "zhuyin"});

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// "zh-CN", "zh_CN.UTF-8", "zh-Hans", "zh-Hans-CN".
bool is_language_of_a_country(std::string_view value) {
    if (value.size() < 5 || value.size() > 16 || !is_lower(value[0]) || !is_lower(value[1])) return false;
    std::string_view rest = value.substr(2);
    if (rest[0] != '-' && rest[0] != '_') return false;
    rest.remove_prefix(1);
    if (rest.size() >= 4 && is_upper(rest[0]) && std::ranges::all_of(rest.substr(1, 3), is_lower)) {
        rest.remove_prefix(4);
        if (rest.empty()) return true;
        rest.remove_prefix(1);
    }
    if (rest.size() < 2 || !is_upper(rest[0]) || !is_upper(rest[1])) return false;
    return rest.size() == 2 || rest[2] == '.';
}

bool mentions(std::string_view around, std::initializer_list<std::string_view> words) {
    const std::string low = to_lower(around);
    return std::ranges::any_of(words, [&](std::string_view word) { return low.contains(word); });
}

} // namespace

bool is_time_zone(std::string_view value) {
    const auto region = std::ranges::find_if(regions, [&](std::string_view one) { return value.starts_with(one); });
    if (region == regions.end() || value.size() > 40) return false;
    const std::string_view city = value.substr(region->size());
    return city.size() >= 3 && is_upper(city[0]) && std::ranges::all_of(city, [](char c) {
               return content::is_ascii_letter(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '/';
           });
}

PlaceForm place_form(std::string_view value, std::string_view around) {
    if (value.size() < 2 || value.size() > 40) return PlaceForm::none;
    if (is_time_zone(value)) return PlaceForm::time_zone;
    if (is_language_of_a_country(value)) return PlaceForm::language;
    if (value.size() == 2) {
        if (languages.contains(fmt::format(" {} ", value)) && mentions(around, {"locale", "language"}))
            return PlaceForm::language;
        if (is_upper(value[0]) && is_upper(value[1]) && mentions(around, {"country", "region", "geoip"}))
            return PlaceForm::country;
        const bool of_keyboard = mentions(around, {"keyboardlayout", "keyboard_layout", "xkb", "inputsource"});
        return of_keyboard && is_lower(value[0]) && is_lower(value[1]) ? PlaceForm::keyboard : PlaceForm::none;
    }
    return std::ranges::find(layouts, to_lower(value)) != layouts.end() ? PlaceForm::keyboard : PlaceForm::none;
}

std::string_view name_of(PlaceForm form) {
    switch (form) {
    case PlaceForm::none: return "";
    case PlaceForm::time_zone: return "a time zone";
    case PlaceForm::language: return "a language";
    case PlaceForm::country: return "a country";
    case PlaceForm::keyboard: return "a keyboard";
    }
    return "";
}

} // namespace sallyport::lab
