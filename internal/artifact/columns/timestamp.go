package columns

const (
	secondsFrom = -62135596800 // 0001-01-01T00:00:00Z since 1970
	secondsTo   = 253402300800 // 10000-01-01T00:00:00Z
)

// milliseconds gives the milliseconds since 1970, rounded down, of a JSON string that is an RFC 3339 time with its zone,
// in the years 1 to 9999 there and in UTC. A leap second is none: milliseconds have no place for it.
func milliseconds(quoted []byte) (ms int64, fits bool) {
	const shortest = len(`"2006-01-02T15:04:05Z"`)
	if len(quoted) < shortest || quoted[0] != '"' {
		return 0, false
	}
	b := quoted[1 : len(quoted)-1]
	day, ok := date(b)
	second, okClock := clock(b[11:19])
	fraction, zone := thousandths(b[19:])
	east, okZone := offset(zone)
	if !ok || !okClock || !okZone || b[10]|0x20 != 't' || fraction < 0 {
		return 0, false
	}
	seconds := day*86400 + second - east
	return seconds*1000 + fraction, secondsFrom <= seconds && seconds < secondsTo
}

// date gives the days since 1970 of the text's first ten bytes, "2006-01-02".
func date(b []byte) (days int64, ok bool) {
	century, year, month, day := two(b), two(b[2:]), two(b[5:]), two(b[8:])
	if century|year|month|day < 0 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	year += 100 * century
	if year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(month, year) {
		return 0, false
	}
	return daysSince1970(year, month, day), true
}

// daysSince1970 counts in years that begin in March, so that the day which comes and goes is the last.
func daysSince1970(year, month, day int64) int64 {
	const march = 719468 // days from 0000-03-01 to 1970-01-01
	if month <= 2 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - march
}

func daysIn(month, year int64) int64 {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4, month == 6, month == 9, month == 11:
		return 30
	}
	return 31
}

// clock gives the seconds since midnight of "15:04:05".
func clock(b []byte) (seconds int64, ok bool) {
	hour, minute, second := two(b), two(b[3:]), two(b[6:])
	if hour|minute|second < 0 || b[2] != ':' || b[5] != ':' || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return hour*3600 + minute*60 + second, true
}

// thousandths gives those of a fraction of a second and what follows, -1 if a point has no digits.
func thousandths(b []byte) (n int64, zone []byte) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b
	}
	i, weight := 1, int64(100)
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		n += weight * int64(b[i]-'0')
		weight /= 10
	}
	if i == 1 {
		return -1, b
	}
	return n, b[i:]
}

// offset gives how many seconds a zone, "Z" or "+01:00", is ahead of UTC.
func offset(zone []byte) (seconds int64, ok bool) {
	if len(zone) == 1 {
		return 0, zone[0]|0x20 == 'z'
	}
	if len(zone) != len("+01:00") || zone[3] != ':' || zone[0] != '+' && zone[0] != '-' {
		return 0, false
	}
	hour, minute := two(zone[1:]), two(zone[4:])
	if hour|minute < 0 || hour > 23 || minute > 59 {
		return 0, false
	}
	seconds = hour*3600 + minute*60
	if zone[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

// two gives the number that two digits are, -1 if they are none.
func two(b []byte) int64 {
	tens, units := b[0]-'0', b[1]-'0'
	if tens > 9 || units > 9 {
		return -1
	}
	return int64(tens)*10 + int64(units)
}
