//go:build !purego

#include "textflag.h"

// Words of a block stand in memory with their highest byte first.
DATA turn<>+0(SB)/8, $0x0405060700010203
DATA turn<>+8(SB)/8, $0x0c0d0e0f08090a0b
GLOBL turn<>(SB), RODATA|NOPTR, $16

// SI the block, DX its end, AX the round constants, X3 to X6 the last sixteen words of the schedule, X8 the turning of
// words. The SHA instructions want a digest as the words ABEF and CDGH: the first in X1 and X2, the second in X9 and
// X10. X11 to X14 keep both as they were before the block. X0 has the words and constants of two rounds, X7 is free.

// TAKE reads the digest at ptr, whose words stand in order.
#define TAKE(ptr, abef, cdgh) \
	MOVOU   (ptr), abef; \
	MOVOU   16(ptr), cdgh; \
	PSHUFD  $0xb1, abef, abef; \
	PSHUFD  $0x1b, cdgh, cdgh; \
	MOVO    abef, X7; \
	PALIGNR $8, cdgh, abef; \
	PBLENDW $0xf0, X7, cdgh

// GIVE is TAKE backwards.
#define GIVE(abef, cdgh, ptr) \
	PSHUFD  $0x1b, abef, abef; \
	PSHUFD  $0xb1, cdgh, cdgh; \
	MOVO    abef, X7; \
	PBLENDW $0xf0, cdgh, abef; \
	PALIGNR $8, X7, cdgh; \
	MOVOU   abef, (ptr); \
	MOVOU   cdgh, 16(ptr)

// LOAD takes four words of the block.
#define LOAD(n, w) \
	MOVOU  (16*n)(SI), w; \
	PSHUFB X8, w

// ROUNDS are rounds 4n to 4n+3 of both digests, over four words.
#define ROUNDS(n, w) \
	MOVOU       (16*n)(AX), X0; \
	PADDD       w, X0; \
	SHA256RNDS2 X0, X1, X2; \
	SHA256RNDS2 X0, X9, X10; \
	PSHUFD      $0x0e, X0, X0; \
	SHA256RNDS2 X0, X2, X1; \
	SHA256RNDS2 X0, X10, X9

// NEXT ends the next four words of the schedule, which SHA256MSG1 began, out of those before them and the newest.
#define NEXT(before, newest, next) \
	MOVO       newest, X7; \
	PALIGNR    $4, before, X7; \
	PADDD      X7, next; \
	SHA256MSG2 newest, next

// func blocks(a, b *[8]uint32, p []byte, constants *[64]uint32)
TEXT ·blocks(SB), NOSPLIT, $0-48
	MOVQ a+0(FP), DI
	MOVQ b+8(FP), BX
	MOVQ p_base+16(FP), SI
	MOVQ p_len+24(FP), DX
	MOVQ constants+40(FP), AX
	ADDQ SI, DX
	MOVOU turn<>(SB), X8
	TAKE(DI, X1, X2)
	TAKE(BX, X9, X10)

block:
	CMPQ SI, DX
	JAE  done
	MOVO X1, X11
	MOVO X2, X12
	MOVO X9, X13
	MOVO X10, X14

	LOAD(0, X3)
	ROUNDS(0, X3)
	LOAD(1, X4)
	ROUNDS(1, X4)
	SHA256MSG1 X4, X3
	LOAD(2, X5)
	ROUNDS(2, X5)
	SHA256MSG1 X5, X4
	LOAD(3, X6)
	ROUNDS(3, X6)
	NEXT(X5, X6, X3)
	SHA256MSG1 X6, X5
	ROUNDS(4, X3)
	NEXT(X6, X3, X4)
	SHA256MSG1 X3, X6
	ROUNDS(5, X4)
	NEXT(X3, X4, X5)
	SHA256MSG1 X4, X3
	ROUNDS(6, X5)
	NEXT(X4, X5, X6)
	SHA256MSG1 X5, X4
	ROUNDS(7, X6)
	NEXT(X5, X6, X3)
	SHA256MSG1 X6, X5
	ROUNDS(8, X3)
	NEXT(X6, X3, X4)
	SHA256MSG1 X3, X6
	ROUNDS(9, X4)
	NEXT(X3, X4, X5)
	SHA256MSG1 X4, X3
	ROUNDS(10, X5)
	NEXT(X4, X5, X6)
	SHA256MSG1 X5, X4
	ROUNDS(11, X6)
	NEXT(X5, X6, X3)
	SHA256MSG1 X6, X5
	ROUNDS(12, X3)
	NEXT(X6, X3, X4)
	SHA256MSG1 X3, X6
	ROUNDS(13, X4)
	NEXT(X3, X4, X5)
	ROUNDS(14, X5)
	NEXT(X4, X5, X6)
	ROUNDS(15, X6)

	PADDD X11, X1
	PADDD X12, X2
	PADDD X13, X9
	PADDD X14, X10
	ADDQ  $64, SI
	JMP   block

done:
	GIVE(X1, X2, DI)
	GIVE(X9, X10, BX)
	RET
