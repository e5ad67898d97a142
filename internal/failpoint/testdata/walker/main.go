// Command walker passes places, and says which.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/videovector/exports/internal/failpoint"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Println(failpoint.Clock()().Format(time.RFC3339Nano))
		return
	}
	fmt.Println("first")
	failpoint.Here("walk.first")
	fmt.Println("second")
	failpoint.Here("walk.second")
	fmt.Println("first")
	failpoint.Here("walk.first")
	fmt.Println("third")
	failpoint.Here("walk.third")
}
