//go:build race

package simulation_test

// manySeeds is how many schedules are played by default. Under the race detector each takes ten times as long.
const manySeeds = 2_000
