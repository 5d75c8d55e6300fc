//! From the tables of a study to its figures and its page.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use lpp_files::{FileError, FileHash, Progress, write_atomically};
use lpp_steps::{Artefact, Making, Provenance, Software};
use lpp_study::{Language, Study, Truth};

use crate::figures::{self, BrainFigures, Figure, Gallery, Look};
use crate::findings::{all_choices, findings};
use crate::further_findings::further;
use crate::highlights::highlights;
use crate::maps::{MapAtlas, Source};
use crate::page::{Facts, Page, viewer_data};
use crate::planted::{PlantedWords, planted};
use crate::plot::Families;
use crate::report_tables::ReportTables;
use crate::surface::CorticalSurface;
use crate::{Format, ReportError, Theme, export};
use lpp_analysis::{Brain, HemisphereRule};
use lpp_tables::{RoisVoxelSlopes, Scaling, Summary};

/// A report of one language of a study.
#[derive(Debug, Clone)]
pub struct ReportJob {
    /// The study.
    pub study: Study,
    /// The language.
    pub lang: Language,
    /// The page, if not the study's `report/report.html`.
    pub output: Option<PathBuf>,
    /// The folder of the figures, if not the study's own.
    pub figures: Option<PathBuf>,
    /// The mask, if not the study's own.
    pub mask: Option<PathBuf>,
    /// Kinds of figure files.
    pub formats: Vec<Format>,
    /// Colours of the figures.
    pub theme: Theme,
    /// Resolution of PNG, pixels per inch.
    pub dpi: u32,
    /// Folder of cortical meshes, see [`CorticalSurface::load`]; without one the surface of the mask is drawn.
    pub surface: Option<PathBuf>,
    /// Make again what is up to date.
    pub force: bool,
}

/// What a report made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFiles {
    /// The page.
    pub page: PathBuf,
    /// The figures.
    pub figures: Vec<PathBuf>,
    /// Whether the page was there already, made from the same inputs.
    pub up_to_date: bool,
}

impl ReportJob {
    /// Draws the figures and writes the page.
    ///
    /// # Errors
    /// [`ReportError::MissingResult`] naming the command to run if the tables are not there, other
    /// errors naming the file that is broken.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<ReportFiles, ReportError> {
        let tables = ReportTables::load(&self.study, self.lang)?;
        let provenance = Provenance::load(&tables.summary_path())?;
        let page = self.output.clone().unwrap_or_else(|| self.study.report());
        let cortex = self.surface.as_deref().map(CorticalSurface::load).transpose()?;
        let making = self.making(software, &page, &tables, &provenance, cortex.as_ref())?;
        let folder = self.figures.clone().unwrap_or_else(|| self.study.figures_dir());
        if making.is_done(self.force)? {
            return Ok(ReportFiles {
                page,
                figures: Vec::new(),
                up_to_date: true,
            });
        }
        // Figures of another maker are known by the page that has no record of this program.
        let is_first = Provenance::load(&page).is_err();
        progress.start("drawing figures", 3);
        let mut gallery = Gallery::new(tables.command());
        for (id, sketch) in figures::sketches(&tables, &self.look(&tables)?) {
            gallery.add(&id, sketch.map(|sketch| sketch.draw(self.theme)))?;
        }
        progress.advance(1);
        self.brain_figures(&mut gallery, &tables, &provenance, cortex)?;
        progress.advance(1);
        let maps = self.maps(&tables, &provenance)?;
        progress.advance(1);
        progress.finish();
        if is_first && !self.force {
            self.refuse_others(&gallery.figures, &folder)?;
        }
        making.claim_now(self.force)?;
        let files = self.save_figures(&gallery.figures, &folder, progress)?;
        let html = self
            .page(software, &tables, &gallery, &provenance, maps)?
            .to_html()?;
        write_atomically(&page, html.as_bytes())?;
        making.finish_with(&files)?;
        Ok(ReportFiles {
            page,
            figures: files,
            up_to_date: false,
        })
    }

    fn figure_file(&self, figure: &Figure, format: Format, folder: &Path) -> PathBuf {
        // A figure of a model carries the model's name.
        let name = figure.id.replace('/', "--");
        folder.join(format!("{name}_{}.{format}", self.lang))
    }

    /// Refuses files at the places of figures, before the first report of a study.
    fn refuse_others(&self, figures: &[Figure], folder: &Path) -> Result<(), ReportError> {
        for figure in figures {
            for &format in &self.formats {
                let path = self.figure_file(figure, format, folder);
                if path.exists() {
                    let why = "it exists and was not made by a report of this study".to_owned();
                    return Err(FileError::NotOurs { path, why }.into());
                }
            }
        }
        Ok(())
    }

    /// Writes every figure in every format.
    fn save_figures(
        &self,
        figures: &[Figure],
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<Vec<PathBuf>, ReportError> {
        progress.start("writing figures", figures.len() as u64);
        let saved: Result<Vec<Vec<PathBuf>>, ReportError> = figures
            .par_iter()
            .map(|figure| {
                let mut files = Vec::new();
                for &format in &self.formats {
                    let file = self.figure_file(figure, format, folder);
                    write_atomically(&file, &export(&figure.svg, format, self.dpi)?)?;
                    files.push(file);
                }
                progress.advance(1);
                Ok(files)
            })
            .collect();
        progress.finish();
        Ok(saved?.concat())
    }

    fn mask_path(&self) -> PathBuf {
        self.mask.clone().unwrap_or_else(|| self.study.mask(self.lang))
    }

    /// The page in the making.
    fn making(
        &self,
        software: Software,
        page: &Path,
        tables: &ReportTables,
        provenance: &Provenance,
        cortex: Option<&CorticalSurface>,
    ) -> Result<Making, ReportError> {
        let formats: Vec<String> = self.formats.iter().map(ToString::to_string).collect();
        let scores: Vec<PathBuf> = tables
            .models()?
            .iter()
            .map(|model| self.study.scores(model, self.lang))
            .collect();
        let artefact = Artefact::new(page)
            .with("formats", formats)
            .with("theme", self.theme.to_string())
            .with("dpi", self.dpi)
            .input(self.mask_path())
            .inputs(cortex.map_or(&[][..], CorticalSurface::files))
            .inputs(tables.paths()?)
            .inputs(self.isc_path())
            .inputs(&scores);
        let making = Making::of(software, artefact)?;
        let known = |file: &FileHash| provenance.inputs.iter().any(|input| input.sha256 == file.sha256);
        let changed = making
            .inputs()
            .iter()
            .find(|file| scores.contains(&file.path) && !known(file));
        match changed {
            Some(file) => Err(ReportError::StaleResult {
                path: file.path.clone(),
                command: tables.command(),
            }),
            None => Ok(making),
        }
    }

    fn isc_path(&self) -> Option<PathBuf> {
        Some(self.study.isc(self.lang)).filter(|path| path.exists())
    }

    /// What the viewer of the page shows: the maps of all models, and the numbers that belong to them. It shows volumes.
    fn maps(
        &self,
        tables: &ReportTables,
        provenance: &Provenance,
    ) -> Result<Option<serde_json::Value>, ReportError> {
        let brain = Brain::load(&self.mask_path(), self.isc_path().as_deref(), rule_of(provenance))?;
        let trained = tables.all::<Scaling>()?;
        let sources: Vec<Source> = tables
            .models()?
            .into_iter()
            .map(|model| Source {
                scores: self.study.scores(&model, self.lang),
                best_layer: trained
                    .iter()
                    .find(|row| row.id.model == model)
                    .and_then(|row| row.best_layer),
                model,
            })
            .collect();
        let Some(mask) = brain.mask().volume() else {
            return Ok(None);
        };
        let atlas = MapAtlas::pack(&sources, &brain)?;
        viewer_data(&atlas, &brain, mask, tables).map(Some)
    }

    fn look(&self, tables: &ReportTables) -> Result<Look, ReportError> {
        let rows = tables.all::<Scaling>()?;
        Ok(Look {
            theme: self.theme,
            families: Families::of(rows.iter().map(|row| row.id.family.as_str())),
        })
    }

    /// What shows the brain itself.
    fn brain_figures(
        &self,
        gallery: &mut Gallery,
        tables: &ReportTables,
        provenance: &Provenance,
        cortex: Option<CorticalSurface>,
    ) -> Result<(), ReportError> {
        let brain = Brain::load(&self.mask_path(), self.isc_path().as_deref(), rule_of(provenance))?;
        let of_mask = || brain.mask().volume().map(CorticalSurface::of_mask).transpose();
        let surface = cortex.map_or_else(of_mask, |surface| Ok(Some(surface)))?;
        let figures = BrainFigures {
            study: &self.study,
            lang: self.lang,
            brain: &brain,
            surface: surface.as_ref(),
            tables,
            look: &self.look(tables)?,
        };
        figures.draw(gallery)
    }

    /// What the page is about, with the name of the study if it has one.
    fn title(&self) -> String {
        let what = format!("rain scores of language models, {}", language_name(&self.lang));
        match &self.study.config().corpus.name {
            Some(name) => format!("{name}: b{what}"),
            None => format!("B{what}"),
        }
    }

    /// What was planted, if the study is simulated.
    fn planted(&self, tables: &ReportTables) -> Result<Option<PlantedWords>, ReportError> {
        if !Truth::path(self.study.root()).exists() {
            return Ok(None);
        }
        let truth = Truth::load(self.study.root())?;
        Ok(Some(planted(&truth, &tables.all()?)))
    }

    fn page<'a>(
        &self,
        software: Software,
        tables: &'a ReportTables,
        gallery: &'a Gallery,
        provenance: &'a Provenance,
        maps: Option<serde_json::Value>,
    ) -> Result<Page<'a>, ReportError> {
        let regions = tables.all::<RoisVoxelSlopes>()?;
        let regions: Vec<String> = regions.into_iter().map(|row| row.roi).collect();
        Ok(Page {
            title: self.title(),
            summary: tables.all::<Summary>()?,
            planted: self.planted(tables)?,
            findings: findings(&tables.all()?),
            all_choices: all_choices(&tables.all()?),
            further: further(&tables.all()?, &tables.all()?, &tables.all()?),
            highlights: highlights(tables)?,
            maps,
            figures: &gallery.figures,
            left_out: &gallery.left_out,
            tables: tables.each(),
            command: tables.command(),
            hemisphere: rule_of(provenance),
            facts: Facts::load(&self.study, self.lang, &tables.models()?, &regions)?,
            provenance,
            software,
        })
    }
}

/// How the tables' left was told from right; an unknown rule is the paper's.
fn rule_of(provenance: &Provenance) -> HemisphereRule {
    provenance
        .parameters
        .get("hemisphere")
        .and_then(|rule| rule.as_str()?.parse().ok())
        .unwrap_or_default()
}

/// The name of a language of the published study, or the tag of another.
fn language_name(lang: &Language) -> &str {
    match lang {
        Language::English => "English",
        Language::French => "French",
        Language::Chinese => "Chinese",
        Language::Other(tag) => tag.as_str(),
    }
}
