#include "lab/embedded.h"

#include "base/limits.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sallyport::lab {

namespace {

constexpr std::string_view trailer = "\n---- Bun! ----\n";
constexpr std::string_view root_name = "/$bunfs/";
constexpr std::string_view root_name_windows = "B:/~BUN/";
constexpr std::size_t offsets_bytes = 32;                // the record before the trailer
constexpr std::size_t trailer_searched_bytes = 8u << 20; // tables of sections follow it
constexpr std::size_t sniffed_bytes = 8'192;
constexpr auto row_sizes = std::to_array<std::size_t>({52, 36, 28}); // of the versions 1.3, 1.2 and 1.1

template <class Number> Number read(std::string_view bytes, std::size_t at) {
    Number value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

struct Slice {
    std::uint32_t offset = 0, size = 0;
};

Slice slice_at(std::string_view bytes, std::size_t at) {
    return {read<std::uint32_t>(bytes, at), read<std::uint32_t>(bytes, at + 4)};
}

bool lies_in(std::string_view data, Slice slice) {
    return slice.offset <= data.size() && slice.size <= data.size() - slice.offset;
}

std::vector<Embedded> read_rows(std::string_view data, std::string_view rows, std::size_t row_size,
                                std::uint64_t base) {
    std::vector<Embedded> files;
    for (std::size_t at = 0; at + row_size <= rows.size() && files.size() < limits::client_files_max; at += row_size) {
        const Slice name = slice_at(rows, at), content = slice_at(rows, at + 8);
        if (!lies_in(data, name) || !lies_in(data, content) || name.size > limits::client_path_bytes_max) return {};
        const std::string_view written = data.substr(name.offset, name.size);
        if (!written.starts_with(root_name) && !written.starts_with(root_name_windows)) return {};
        files.push_back({std::string(written), base + content.offset, content.size});
    }
    return files;
}

} // namespace

std::vector<Embedded> embedded_files(std::string_view program) {
    const std::size_t searched = std::min(program.size(), trailer_searched_bytes);
    std::size_t end = program.substr(program.size() - searched).rfind(trailer);
    if (end == std::string_view::npos) return {};
    end += program.size() - searched;
    if (end < offsets_bytes) return {};
    const auto data_size = read<std::uint64_t>(program, end - offsets_bytes);
    if (data_size > end - offsets_bytes) return {};
    const std::uint64_t base = end - offsets_bytes - data_size;
    const std::string_view data = program.substr(base, data_size);
    const Slice table = slice_at(program, end - offsets_bytes + 8);
    if (table.size == 0 || !lies_in(data, table)) return {};
    const std::string_view rows = data.substr(table.offset, table.size);
    for (const std::size_t row_size : row_sizes) {
        if (rows.size() % row_size != 0) continue;
        if (auto files = read_rows(data, rows, row_size, base); !files.empty()) return files;
    }
    return {};
}

Form form_of(std::string_view bytes) {
    if (bytes.starts_with("\x7F"
                          "ELF"))
        return Form::elf;
    if (bytes.starts_with("MZ")) return Form::windows_program;
    if (bytes.starts_with(std::string_view("\0asm", 4))) return Form::wasm;
    for (const std::string_view magic : {"\xCF\xFA\xED\xFE", "\xCE\xFA\xED\xFE", "\xCA\xFE\xBA\xBE"})
        if (bytes.starts_with(magic)) return Form::mach_o;
    const std::string_view begin = bytes.substr(0, sniffed_bytes);
    const auto odd = std::ranges::count_if(begin, [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return u < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != '\x1B';
    });
    return !begin.empty() && odd * 100 <= static_cast<std::ptrdiff_t>(begin.size()) ? Form::text : Form::other;
}

std::string_view name_of(Form form) {
    switch (form) {
    case Form::text: return "text";
    case Form::elf: return "ELF program";
    case Form::mach_o: return "Mach-O program";
    case Form::windows_program: return "Windows program";
    case Form::wasm: return "WebAssembly";
    case Form::other: return "data";
    }
    return "";
}

} // namespace sallyport::lab
