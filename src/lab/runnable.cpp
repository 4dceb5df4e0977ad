#include "lab/runnable.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mapped_file.h"
#include "endpoint/clients.h"
#include "lab/client_files.h"
#include "lab/package.h"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sallyport::lab {

namespace fs = std::filesystem;
using sandbox::Place;

namespace {

constexpr std::string_view unpacking = "/var/tmp/sallyport-inspect-";
constexpr std::string_view usual_path = "/usr/local/bin:/usr/bin:/bin";

std::string first_bytes(const fs::path& file) {
    char bytes[256] = {};
    std::ifstream in(file, std::ios::binary);
    in.read(bytes, sizeof bytes);
    return {bytes, static_cast<std::size_t>(in.gcount())};
}

// "node" of "#!/usr/bin/env -S node --x"; empty: a program of its own.
std::string interpreter_of(const fs::path& file) {
    const std::string begin = first_bytes(file);
    if (!begin.starts_with("#!")) return file.extension() == ".js" || file.extension() == ".mjs" ? "node" : "";
    std::istringstream words(begin.substr(2, begin.find('\n') - 2));
    for (std::string word; words >> word;)
        if (!word.starts_with('-') && !word.ends_with("/env")) return word;
    return {};
}

bool is_program(const fs::path& file) {
    const std::string begin = first_bytes(file);
    return begin.starts_with("\x7F"
                             "ELF") ||
           begin.starts_with("#!");
}

// A name of an archive as a path below a folder; empty: it would not stay there.
fs::path safe(std::string_view name) {
    fs::path out;
    for (const fs::path& part : fs::path(name)) {
        if (part.is_absolute() || part == "..") return {};
        if (part != ".") out /= part;
    }
    return out;
}

// What inspections left that were killed: nobody holds it any more.
void sweep() {
    std::error_code error;
    const fs::path prefix(unpacking);
    for (const auto& one : fs::directory_iterator(prefix.parent_path(), error)) {
        if (!one.path().filename().string().starts_with(prefix.filename().string())) continue;
        const int held = ::open(one.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (held < 0) continue;
        struct stat status{};
        const bool is_ours = ::fstat(held, &status) == 0 && status.st_uid == ::geteuid();
        if (is_ours && ::flock(held, LOCK_EX | LOCK_NB) == 0) {
            std::error_code ignored;
            fs::remove_all(one.path(), ignored);
        }
        ::close(held);
    }
}

std::string path_or(const std::string& path) { return path.empty() ? std::string(usual_path) : path; }

} // namespace

Runnable::Runnable(Runnable&& other) noexcept
    : command_(std::move(other.command_)), places_(std::move(other.places_)), programs_(std::move(other.programs_)),
      recipe_(other.recipe_), unpacked_(std::exchange(other.unpacked_, {})), lock_(std::exchange(other.lock_, -1)) {}

Runnable::~Runnable() {
    std::error_code ignored;
    if (!unpacked_.empty()) fs::remove_all(unpacked_, ignored);
    if (lock_ >= 0) ::close(lock_);
}

std::string Runnable::path() const {
    std::string out;
    for (const std::string& one : programs_) (out += one) += ':';
    return out += usual_path;
}

void Runnable::show(const fs::path& folder) {
    const std::string text = folder.string();
    const auto shown = [&](const Place& place) { return place.at == folder; };
    if (text.starts_with("/usr/") || text == "/bin" || text.starts_with("/bin/") || std::ranges::any_of(places_, shown))
        return; // the machine's programs are seen anyhow
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (!error) places_.push_back({Place::Kind::read_only, folder, real.string()});
}

// A file of the machine, and what interprets it.
Result<void> Runnable::take_program(const fs::path& file, const RunnableOptions& options) {
    std::error_code error;
    const fs::path real = fs::canonical(file, error);
    if (error) return fail(ErrorKind::invalid, fmt::format("cannot look at {}: {}", file.string(), error.message()));
    if (const std::string interpreter = interpreter_of(real); !interpreter.empty()) {
        const fs::path found = endpoint::find_in_path(interpreter, path_or(options.path));
        const fs::path program = found.empty() ? fs::path() : fs::canonical(found, error);
        if (program.empty() || error)
            return fail(ErrorKind::unavailable,
                        fmt::format("{} needs {}, which is not in PATH", real.string(), interpreter));
        show(program.parent_path());
        programs_.push_back(program.parent_path());
        command_ = {program.string(), real.string()};
    } else {
        command_ = {real.string()};
    }
    return {};
}

Result<void> Runnable::take_folder(const fs::path& folder, const RunnableOptions& options) {
    std::error_code error;
    const fs::path root = fs::canonical(folder, error);
    if (error) return fail(ErrorKind::invalid, fmt::format("cannot look at {}: {}", folder.string(), error.message()));
    show(root);
    // As npm installs it: a folder with node_modules.
    for (const Recipe& one : recipes()) {
        const fs::path program = root / "node_modules/.bin" / one.program;
        if (!fs::exists(program, error) || (recipe_ != nullptr && recipe_ != &one)) continue;
        recipe_ = &one;
        return take_program(program, options);
    }
    PackageFacts facts;
    if (const auto manifest = read_file(root / "package.json", limits::client_manifest_bytes_max); manifest)
        read_manifest("package.json", *manifest, facts);
    if (recipe_ == nullptr) recipe_ = find_recipe(facts.name);
    std::vector<fs::path> tried;
    if (recipe_ != nullptr)
        for (const char* place : {"", "bin"}) tried.push_back(root / place / recipe_->program);
    for (const std::string& one : facts.programs)
        if (const fs::path path = safe(one); !path.empty()) tried.push_back(root / path);
    for (const fs::path& one : tried)
        if (fs::is_regular_file(one, error) && (is_program(one) || one.extension() == ".js"))
            return take_program(one, options);
    return fail(ErrorKind::invalid,
                fmt::format("{} holds no program that can be run: name the package of its platform, or --command",
                            folder.string()));
}

Result<void> Runnable::unpack(std::string_view package, const std::string& name) {
    if (unpacked_.empty()) {
        sweep();
        std::string made = std::string(unpacking) + "XXXXXX";
        if (::mkdtemp(made.data()) == nullptr) return fail_errno("cannot make a folder in /var/tmp");
        unpacked_ = made;
        lock_ = ::open(made.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) return fail_errno("cannot hold " + made);
    }
    std::string problem;
    const auto walked = walk_package(package, [&](const std::string& path, std::string_view bytes) {
        fs::path at = safe(path);
        if (at.empty() || !problem.empty()) return; // told by the static half
        if (auto begin = at.begin(); begin != at.end() && *begin == "package") at = at.lexically_relative("package");
        const fs::path file = unpacked_ / name / at;
        std::error_code error;
        fs::create_directories(file.parent_path(), error);
        std::ofstream out(file, std::ios::binary | std::ios::trunc);
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        out.close();
        if (!out) problem = fmt::format("cannot write {}", file.string());
        // Packages leave it to their installer to make programs executable.
        fs::permissions(file, fs::perms(is_program(file) ? 0755 : 0644), error);
    });
    if (!walked) return std::unexpected(walked.error());
    if (!problem.empty()) return fail(ErrorKind::io, problem);
    return {};
}

namespace {

Result<const Recipe*> named_recipe(const RunnableOptions& options) {
    if (options.client.empty()) return nullptr;
    if (const Recipe* const found = find_recipe(options.client)) return found;
    std::string known;
    for (const Recipe& one : recipes()) known += (known.empty() ? "" : ", ") + std::string(one.client);
    return fail(ErrorKind::invalid, fmt::format("--client {} is not known; there are: {}", options.client, known));
}

} // namespace

Result<Runnable> Runnable::of(const fs::path& client, const RunnableOptions& options) {
    std::error_code error;
    const fs::path absolute = fs::absolute(client, error);
    if (!fs::is_directory(absolute, error)) {
        const auto mapped = MappedFile::open(absolute);
        if (!mapped) return std::unexpected(mapped.error());
        if (!is_program(absolute)) {
            const std::string_view bytes = (*mapped)->bytes();
            return of_packages({&bytes, 1}, options);
        }
    }
    Runnable out;
    const auto recipe = named_recipe(options);
    if (!recipe) return std::unexpected(recipe.error());
    out.recipe_ = *recipe;
    if (fs::is_directory(absolute, error)) {
        if (auto taken = out.take_folder(absolute, options); !taken) return std::unexpected(taken.error());
    } else {
        if (out.recipe_ == nullptr) out.recipe_ = find_recipe(absolute.filename().string());
        out.show(fs::canonical(absolute, error).parent_path());
        if (auto taken = out.take_program(absolute, options); !taken) return std::unexpected(taken.error());
    }
    if (out.recipe_ == nullptr) out.recipe_ = &any_program();
    return out;
}

Result<Runnable> Runnable::of_packages(std::span<const std::string_view> packages, const RunnableOptions& options) {
    Runnable out;
    const auto recipe = named_recipe(options);
    if (!recipe) return std::unexpected(recipe.error());
    for (std::size_t i = 0; i < packages.size(); ++i)
        if (auto unpacked = out.unpack(packages[i], std::to_string(i)); !unpacked)
            return std::unexpected(unpacked.error());
    // The last one is that of the platform: the wrapper before it only looks for it.
    Result<void> taken = fail(ErrorKind::invalid, "there is no package to run");
    for (std::size_t i = packages.size(); i-- > 0 && !taken;) {
        out.recipe_ = *recipe;
        taken = out.take_folder(out.unpacked_ / std::to_string(i), options);
    }
    if (!taken) return std::unexpected(taken.error());
    if (out.recipe_ == nullptr) out.recipe_ = &any_program();
    return out;
}

Result<Runnable> Runnable::of_command(const RunnableOptions& options) {
    Runnable out;
    const auto recipe = named_recipe(options);
    if (!recipe) return std::unexpected(recipe.error());
    out.recipe_ = *recipe != nullptr ? *recipe : &any_program();
    std::istringstream words(options.command);
    std::vector<std::string> rest;
    for (std::string word; words >> word;) rest.push_back(word);
    if (rest.empty()) return fail(ErrorKind::invalid, "--command names no program");
    const fs::path program = endpoint::find_in_path(rest.front(), path_or(options.path));
    if (program.empty()) return fail(ErrorKind::invalid, fmt::format("{} is not found in PATH", rest.front()));
    std::error_code error;
    if (auto taken = out.take_program(program, options); !taken) return std::unexpected(taken.error());
    out.show(fs::path(out.command_.back()).parent_path());
    for (std::size_t i = 1; i < rest.size(); ++i) {
        // A script, and what lies beside it.
        if (const fs::path file = fs::canonical(rest[i], error); !error && fs::is_regular_file(file, error)) {
            out.show(file.parent_path());
            rest[i] = file.string();
        }
        out.command_.push_back(rest[i]);
    }
    return out;
}

} // namespace sallyport::lab
