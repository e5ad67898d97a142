//go:build !race

package simulation_test

// manySeeds is how many schedules are played by default.
const manySeeds = 10_000
