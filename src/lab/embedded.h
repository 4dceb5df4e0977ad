// Files that a native program carries with it: Bun's standalone executables append a table of them, with their names, to the program.
// Nothing of the table is believed without being checked against the size of the file. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

struct Embedded {
    std::string name; // "/$bunfs/root/cli.js"
    std::uint64_t offset = 0, size = 0;
};

// In the order of the table; none where there is no such table or it is damaged.
std::vector<Embedded> embedded_files(std::string_view program);

enum class Form : std::uint8_t { text, elf, mach_o, windows_program, wasm, other };
Form form_of(std::string_view bytes);
std::string_view name_of(Form form);

} // namespace sallyport::lab
