// How a known client is run once without a person: environment, arguments, files; and its documented off-switches, to be measured. Tables;
// where they are from is docs/clients.md.
#pragma once

#include "lab/conditions.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::lab {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// {base}, {key} and {prompt} stand for those of the run.
struct Recipe {
    std::string_view client, package, program;
    std::vector<std::string> arguments;
    Pairs environment;
    Pairs files; // absolute path inside, text
};
std::span<const Recipe> recipes();
const Recipe* find_recipe(std::string_view client_or_package);
// For a program that is not known: it is told the gateway in the ways of all vendors.
const Recipe& any_program();

struct Switch {
    std::string_view client;
    std::string_view name;   // as its vendor writes it
    std::string_view source; // who says that it switches something off
    Pairs environment;
    std::vector<std::string> arguments;
    Pairs files;
};
std::vector<const Switch*> switches_of(std::string_view client);

inline constexpr std::string_view home = "/home/dev", workspace = "/home/dev/project";
std::string filled(std::string_view text, const Conditions& conditions, std::string_view prompt);

} // namespace sallyport::lab
