// Runs while the program is built: compiles the built-in packs and writes a source with their databases (content/prepared.h).
//
//   prepare_rules DIRECTORY     writes DIRECTORY/prepared.cpp and DIRECTORY/rules-N.hsdb
#include "content/compiled_rules.h"
#include "content/prepared.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

namespace {

using namespace sallyport;

bool write(const std::string& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file.flush().good();
}

// By the assembler: a compiler takes long over megabytes of numbers.
std::string source_of(const std::string& directory, const std::vector<std::string>& names,
                      const std::vector<std::uint32_t>& widths) {
    std::string text = "// Made by prepare_rules.\n#include \"content/prepared.h\"\n", list, numbers;
    for (const std::uint32_t width : widths) numbers += std::to_string(width) + "u,";
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string label = "sallyport_rules_" + std::to_string(i);
        text += fmt::format(R"code(asm(".pushsection .rodata\n.balign 64\n.global {0}, {0}_end\n"
    "{0}: .incbin \"{1}/rules-{2}.hsdb\"\n{0}_end:\n.popsection");
extern "C" const char {0}[], {0}_end[];
)code",
                            label, directory, i);
        list += fmt::format("        {{\"{0}\", {{{1}, static_cast<std::size_t>({1}_end - {1})}}, widths}},\n",
                            names[i], label);
    }
    return text + fmt::format(R"code(namespace sallyport::content {{
std::span<const Prepared> prepared_databases() {{
    static const std::uint32_t widths[] = {{{0}}};
    static const Prepared all[] = {{
{1}    }};
    return all;
}}
}}
)code",
                              numbers, list);
}

} // namespace

int main(int count, char** arguments) {
    if (count != 2) return 2;
    const std::string directory = arguments[1];
    const auto files = content::built_in_secret_rules();
    const auto rules = files ? content::SecretRules::compile(*files) : std::unexpected(files.error());
    if (!rules) {
        std::fprintf(stderr, "prepare_rules: %s\n", rules.error().message.c_str());
        return 4;
    }
    std::vector<std::string> names, patterns;
    for (const std::uint32_t rule : (*rules)->compiled().rule_of_pattern)
        patterns.push_back((*rules)->compiled().rules[rule].regex->pattern());
    for (const content::MultiPattern::Cpu cpu : {content::MultiPattern::Cpu::avx2, content::MultiPattern::Cpu::any}) {
        const std::string database = content::MultiPattern::database_for(cpu, patterns);
        if (database.empty()) continue;
        if (!write(directory + "/rules-" + std::to_string(names.size()) + ".hsdb", database)) return 4;
        names.push_back(content::prepared_name(patterns, (*rules)->engine()));
    }
    // With nothing in it where Hyperscan is not there: then no array can be made.
    const std::string source = names.empty() ? "// Made by prepare_rules: there is no Hyperscan here.\n"
                                             : source_of(directory, names, content::MultiPattern::widths_of(patterns));
    return write(directory + "/prepared.cpp", source) ? 0 : 4;
}
