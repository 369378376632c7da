//! How long a key takes to reach the screen, in any window: presses keys through the X server (XTest) and looks at the
//! pixels (XShm) until the first of them changes. What is measured is all of it: toolkit, terminal, SSH, shell, drawing.
//!
//! `key-to-pixel KEYS [X,Y,WIDTH,HEIGHT]` presses `x` and backspace in turn, in the window that has the keyboard, where a shell
//! waits at its prompt, and prints `{"p50":..,"p95":..,"worst":..,"keys":..}` in milliseconds on one line. Without an area it
//! finds out by itself what a key changes, for which the rest of the screen has to stand still.

#![allow(clippy::print_stdout)]

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::run()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("There is no X server here.");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::error::Error;
    use std::os::unix::fs::FileExt;
    use std::time::{Duration, Instant};

    use x11rb::connection::Connection;
    use x11rb::protocol::shm::{ConnectionExt as _, Seg};
    use x11rb::protocol::xproto::{
        ConnectionExt as _, ImageFormat, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, Window,
    };
    use x11rb::protocol::xtest::ConnectionExt as _;
    use x11rb::rust_connection::RustConnection;

    type Outcome<T> = Result<T, Box<dyn Error>>;

    const KEYSYM_X: u32 = 0x78;
    const KEYSYM_BACKSPACE: u32 = 0xff08;
    /// Between two looks: a fifth of what can be told apart, and little enough not to take the machine from who is measured.
    const LOOK_EVERY: Duration = Duration::from_micros(200);
    /// A key that has not shown by then is lost, which is no figure but a fault.
    const PATIENCE: Duration = Duration::from_secs(2);
    /// A window that has changed nothing for so long is done with the key before.
    const STILL: Duration = Duration::from_millis(60);
    /// Keys before the figures count: fonts, caches, compilers.
    const WARM_UP: usize = 10;
    const BYTES_PER_PIXEL: usize = 4;

    #[derive(Debug, Clone, Copy)]
    struct Area {
        x: i16,
        y: i16,
        width: u16,
        height: u16,
    }

    /// What the X server shows, through memory that it shares with us.
    struct Eyes {
        connection: RustConnection,
        root: Window,
        segment: Seg,
        memory: std::fs::File,
    }

    impl Eyes {
        fn open() -> Outcome<(Self, Area)> {
            let (connection, screen) = x11rb::connect(None)?;
            let screen = &connection.setup().roots[screen];
            let (root, width, height) = (screen.root, screen.width_in_pixels, screen.height_in_pixels);
            let bytes = usize::from(width) * usize::from(height) * BYTES_PER_PIXEL;
            let segment = connection.generate_id()?;
            let reply = connection.shm_create_segment(segment, u32::try_from(bytes)?, false)?.reply()?;
            let memory = std::fs::File::from(reply.shm_fd);
            Ok((Self { connection, root, segment, memory }, Area { x: 0, y: 0, width, height }))
        }

        fn look(&self, area: Area) -> Outcome<Vec<u8>> {
            let Area { x, y, width, height } = area;
            let format = ImageFormat::Z_PIXMAP.into();
            let image = self
                .connection
                .shm_get_image(self.root, x, y, width, height, !0, format, self.segment, 0)?
                .reply()?;
            let mut pixels = vec![0; usize::try_from(image.size)?];
            self.memory.read_exact_at(&mut pixels, 0)?;
            Ok(pixels)
        }

        /// The picture, once it has stood still.
        fn look_when_still(&self, area: Area, still: Duration) -> Outcome<Vec<u8>> {
            let mut seen = self.look(area)?;
            let (mut since, began) = (Instant::now(), Instant::now());
            while since.elapsed() < still {
                std::thread::sleep(Duration::from_millis(2));
                let now = self.look(area)?;
                if now != seen {
                    (seen, since) = (now, Instant::now());
                }
                if began.elapsed() > PATIENCE * 5 {
                    return Err("the screen never stands still: turn the cursor's blinking off".into());
                }
            }
            Ok(seen)
        }

        fn key_code(&self, keysym: u32) -> Outcome<u8> {
            let setup = self.connection.setup();
            let (first, last) = (setup.min_keycode, setup.max_keycode);
            let mapping = self.connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
            let per_key = usize::from(mapping.keysyms_per_keycode);
            let at = mapping.keysyms.chunks(per_key).position(|keysyms| keysyms.first() == Some(&keysym));
            Ok(first + u8::try_from(at.ok_or("the keyboard has no such key")?)?)
        }

        fn key(&self, code: u8, kind: u8) -> Outcome<()> {
            self.connection.xtest_fake_input(kind, code, 0, self.root, 0, 0, 0)?;
            Ok(self.connection.flush()?)
        }

        fn tap(&self, code: u8) -> Outcome<()> {
            self.key(code, KEY_PRESS_EVENT)?;
            self.key(code, KEY_RELEASE_EVENT)?;
            std::thread::sleep(Duration::from_millis(500));
            Ok(())
        }

        /// What a letter changes on the screen; it is taken back.
        fn find(&self, [letter, backspace]: [u8; 2], whole: Area) -> Outcome<Area> {
            let still = Duration::from_millis(500);
            let before = self.look_when_still(whole, still)?;
            self.tap(letter)?;
            let after = self.look_when_still(whole, still)?;
            self.tap(backspace)?;
            Ok(changed(&before, &after, whole).ok_or("a key changed nothing on the screen")?)
        }

        /// The time from a key's press to the first pixel of the area that changes.
        fn press(&self, code: u8, area: Area) -> Outcome<Duration> {
            let before = self.look_when_still(area, STILL)?;
            let pressed = Instant::now();
            self.key(code, KEY_PRESS_EVENT)?;
            while self.look(area)? == before {
                if pressed.elapsed() > PATIENCE {
                    return Err("a key changed nothing on the screen".into());
                }
                std::thread::sleep(LOOK_EVERY);
            }
            let took = pressed.elapsed();
            self.key(code, KEY_RELEASE_EVENT)?;
            Ok(took)
        }
    }

    /// The smallest area that holds all pixels that differ.
    fn changed(before: &[u8], after: &[u8], whole: Area) -> Option<Area> {
        let row_bytes = usize::from(whole.width) * BYTES_PER_PIXEL;
        let rows = before.chunks(row_bytes).zip(after.chunks(row_bytes)).enumerate();
        let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
        for (y, (old, new)) in rows.filter(|(_, (old, new))| old != new) {
            (top, bottom) = (top.min(y), bottom.max(y));
            let pixels = old.chunks(BYTES_PER_PIXEL).zip(new.chunks(BYTES_PER_PIXEL)).enumerate();
            for (x, _) in pixels.filter(|(_, (old, new))| old != new) {
                (left, right) = (left.min(x), right.max(x));
            }
        }
        let number = |from: usize| i16::try_from(from).ok();
        let length = |from: usize, to: usize| u16::try_from(to.checked_sub(from)? + 1).ok();
        Some(Area {
            x: number(left)?,
            y: number(top)?,
            width: length(left, right)?,
            height: length(top, bottom)?,
        })
    }

    fn parse_area(text: &str) -> Outcome<Area> {
        let numbers: Vec<u16> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        let [x, y, width, height] = numbers[..] else { return Err("an area is X,Y,WIDTH,HEIGHT".into()) };
        Ok(Area { x: x.try_into()?, y: y.try_into()?, width, height })
    }

    pub fn run() -> Outcome<()> {
        let mut args = std::env::args().skip(1);
        let keys: usize = args.next().map_or(Ok(200), |keys| keys.parse())?;
        let area = args.next().map(|area| parse_area(&area)).transpose()?;
        let (eyes, whole) = Eyes::open()?;
        let codes = [eyes.key_code(KEYSYM_X)?, eyes.key_code(KEYSYM_BACKSPACE)?];
        let area = match area {
            Some(area) => area,
            None => eyes.find(codes, whole)?,
        };
        let mut times = Vec::with_capacity(keys);
        for number in 0..keys + WARM_UP {
            let took = eyes.press(codes[number % 2], area)?;
            if number >= WARM_UP {
                times.push(took.as_secs_f64() * 1000.0);
            }
            // No rhythm that could fall in step with the screen's.
            std::thread::sleep(Duration::from_millis(20 + (number as u64 * 37) % 50));
        }
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
        println!(
            r#"{{"p50":{:.2},"p95":{:.2},"worst":{:.2},"keys":{keys},"area":"{}x{}"}}"#,
            at(50),
            at(95),
            at(100),
            area.width,
            area.height
        );
        Ok(())
    }
}
