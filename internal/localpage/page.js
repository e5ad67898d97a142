"use strict";
// The page as it is now comes from the server, whole; what differs is put in place. The focus stays where it is, what was
// opened stays open, and what the exports' states have become is said.
const announcer = document.getElementById("announcer");
let silent = false;

function sync(into, from) {
	let next = into.firstElementChild;
	for (const wanted of [...from.children]) {
		let there = document.getElementById(wanted.id);
		if (there && there.tagName === "DETAILS") wanted.open = there.open;
		if (there && !there.isEqualNode(wanted)) {
			say(there, wanted);
			const focused = there.contains(document.activeElement) ? document.activeElement.id : "";
			if (there === next) next = wanted;
			there.replaceWith(wanted);
			there = wanted;
			if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
		}
		if (!there) say(null, wanted);
		there ??= wanted;
		if (there === next) next = next.nextElementSibling;
		else into.insertBefore(there, next);
	}
	while (next) {
		const gone = next;
		next = next.nextElementSibling;
		gone.remove();
	}
}

function say(before, after) {
	const text = after.dataset.says;
	if (text && text !== before?.dataset.says) announcer.textContent = text;
}

async function refresh() {
	try {
		const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
		const text = (await reply.text()).replace(/<style.*?<\/style>/s, ""); // it has another nonce, and this page has its own
		const now = new DOMParser().parseFromString(text, "text/html");
		const main = document.querySelector("main"), fresh = now.querySelector("main");
		if (!fresh) throw new Error("no page");
		for (const part of main.querySelectorAll("[data-sync]")) sync(part, now.getElementById(part.id));
		main.dataset.open = fresh.dataset.open;
		document.title = now.title;
		silent = false;
	} catch {
		if (!silent) announcer.textContent = "The local service doesn't answer.";
		silent = true;
	}
}

async function follow() {
	for (;;) {
		const open = document.querySelector("main").dataset.open === "true";
		await new Promise((done) => setTimeout(done, open ? 500 : 4000));
		if (!document.hidden) await refresh();
	}
}

document.addEventListener("click", async (event) => {
	const button = event.target.closest(".copy");
	if (!button) return;
	await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
	announcer.textContent = "Copied.";
});

follow();
