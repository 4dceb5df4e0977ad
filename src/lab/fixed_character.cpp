#include "lab/fixed_character.h"

#include "lab/compare.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

namespace sallyport::lab {

namespace {

constexpr std::size_t positions = 40; // looked at from the begin, and from the end
constexpr double sure_below = 1e-6, worth_below = 0.05;
constexpr std::size_t runs_min = 3, baselines_min = 3;

// A property of a text by its number; empty: it has none.
std::string property(const std::string& text, std::size_t number) {
    if (number < positions) return number < text.size() ? text.substr(number, 1) : "";
    number -= positions;
    if (number < positions) return number < text.size() ? text.substr(text.size() - 1 - number, 1) : "";
    if (text.empty()) return "";
    const char last = text.back();
    const int value = last >= '0' && last <= '9' ? last - '0' : last >= 'a' && last <= 'f' ? last - 'a' + 10 : -1;
    if (number == positions && value >= 0) return value % 2 == 0 ? "even" : "odd";
    if (number == positions + 1) return std::to_string(text.size());
    return "";
}
constexpr std::size_t properties = 2 * positions + 2;

std::string words(std::size_t number, const std::string& value) {
    if (number < positions) return fmt::format("'{}' as character {}", value, number + 1);
    if (number < 2 * positions) return fmt::format("'{}' as character {} from the end", value, number - positions + 1);
    return number == 2 * positions ? "an " + value + " last digit" : "a length of " + value;
}

} // namespace

std::vector<FixedCharacter> fixed_characters(std::span<const HoleSample> samples) {
    std::vector<FixedCharacter> out;
    if (samples.empty()) return out;
    std::map<std::size_t, std::vector<const HoleSample*>> of;
    for (const HoleSample& one : samples) of[one.variation].push_back(&one);
    if (of[baseline].size() < baselines_min) return out;
    const std::size_t holes = samples.front().contents.size();
    std::size_t states = 0;
    for (const auto& [variation, members] : of) states += variation != baseline && members.size() >= runs_min ? 1 : 0;
    const double looked_at = static_cast<double>(holes * properties * std::max<std::size_t>(1, states));
    for (const auto& [variation, members] : of) {
        if (variation == baseline || members.size() < runs_min) continue;
        for (std::size_t hole = 0; hole < holes; ++hole) {
            FixedCharacter best{variation, hole, "", 1, false};
            for (std::size_t number = 0; number < properties; ++number) {
                const std::string value = property(members.front()->contents[hole], number);
                if (value.empty()) continue;
                std::size_t with = 0, others = 0, with_elsewhere = 0;
                for (const HoleSample& one : samples) {
                    const bool has = property(one.contents[hole], number) == value;
                    if (one.variation == variation) {
                        with += has ? 1 : 0;
                        continue;
                    }
                    ++others;
                    with_elsewhere += has ? 1 : 0;
                }
                if (with < members.size()) continue;
                // One more than was seen, so that what was never seen is not taken for impossible.
                const double rate = (static_cast<double>(with_elsewhere) + 1) / (static_cast<double>(others) + 2);
                const double chance = std::min(1.0, std::pow(rate, static_cast<double>(with)) * looked_at);
                if (chance < best.chance) best = {variation, hole, words(number, value), chance, chance < sure_below};
            }
            if (best.chance < worth_below) out.push_back(best);
        }
    }
    return out;
}

} // namespace sallyport::lab
