# The gate's steps by name. .ci/run says what each does; `just` is only a short way to type it.

# Format, lint and the unit tests: before each commit.
fast:
    .ci/run fast

# Everything that CI does.
gate:
    .ci/run

format:
    .ci/run format

lint:
    .ci/run lint

doc:
    .ci/run doc

dependencies:
    .ci/run dependencies

unit:
    .ci/run unit

test:
    .ci/run test

# The benches run, on small input; `cargo bench` measures.
bench:
    .ci/run bench

first-command:
    .ci/run first_command

# Writes the generated references, mapping.schema.json and mappings/template.toml.
references:
    UPDATE_DOCS=1 cargo test --locked --test it -- current the_metrics_are_documented

# Mutation testing of what this branch changed: `just mutants`, `just mutants --minutes 5 src/api/retry.rs`.
mutants *ARGUMENTS:
    scripts/mutants {{ARGUMENTS}}

# `just fuzz 60 date`
fuzz *ARGUMENTS:
    fuzz/run {{ARGUMENTS}}
