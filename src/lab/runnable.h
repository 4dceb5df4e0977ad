// What is run: a client as it was named (a folder, a package, a program, a command), as a command line and the places that it needs. What
// is packed is unpacked beside, into a folder that goes with this object.
#pragma once

#include "base/error.h"
#include "lab/recipes.h"
#include "sandbox/boundary.h"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

struct RunnableOptions {
    std::string client;  // which recipe; empty: found by the package's name
    std::string command; // instead of a client's folder
    std::string path;    // PATH, for interpreters
};

class Runnable {
public:
    static Result<Runnable> of(const std::filesystem::path& client, const RunnableOptions& options);
    // Packages that lie in memory.
    static Result<Runnable> of_packages(std::span<const std::string_view> packages, const RunnableOptions& options);
    static Result<Runnable> of_command(const RunnableOptions& options);
    Runnable(Runnable&& other) noexcept;
    Runnable& operator=(Runnable&&) = delete;
    ~Runnable();

    const std::vector<std::string>& command() const { return command_; } // as it is called inside
    const std::vector<sandbox::Place>& places() const { return places_; }
    const Recipe& recipe() const { return *recipe_; }
    std::string path() const; // PATH inside

private:
    Runnable() = default;
    Result<void> take_folder(const std::filesystem::path& folder, const RunnableOptions& options);
    Result<void> take_program(const std::filesystem::path& file, const RunnableOptions& options);
    Result<void> unpack(std::string_view package, const std::string& name);
    void show(const std::filesystem::path& folder);

    std::vector<std::string> command_;
    std::vector<sandbox::Place> places_;
    std::vector<std::string> programs_; // further folders of PATH
    const Recipe* recipe_ = nullptr;
    std::filesystem::path unpacked_;
    int lock_ = -1; // of that folder: who finds it free may remove it
};

} // namespace sallyport::lab
